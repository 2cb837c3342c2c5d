/** `npm run schema`: writes config/sallyport.schema.json anew from the zod schema. */

import { writeFileSync } from 'node:fs';

import { configJsonSchema } from '../src/config/json-schema.ts';

const file = new URL('../config/sallyport.schema.json', import.meta.url);
writeFileSync(file, configJsonSchema());
