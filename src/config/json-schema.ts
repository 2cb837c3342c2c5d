/** The JSON Schema of the configuration file, for editors (config/sallyport.schema.json). */

import { z } from 'zod';

import { configSchema } from './schema.ts';

/** The schema as a document, ready to be written to a file. */
export function configJsonSchema(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input', reused: 'inline' });
  const document = { title: 'Configuration of Sallyport', ...schema };
  return `${JSON.stringify(document, null, 2)}\n`;
}
