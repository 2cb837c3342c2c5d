/** Looks things up in a zod schema: which keys an object has, what stands at a path. */

import { z } from 'zod';

import type { Path } from './places.ts';

/** What lies below a schema, once defaults, unions and transformations are looked through. */
type Shape =
  | { readonly kind: 'object'; readonly keys: Readonly<Record<string, z.ZodType>> }
  | { readonly kind: 'list'; readonly item: z.ZodType }
  | { readonly kind: 'record'; readonly value: z.ZodType }
  | { readonly kind: 'scalar' };

/** The schema at a path, or null when nothing can stand there. */
export function schemaAt(root: z.ZodType, path: Path): z.ZodType | null {
  let schema = root;
  for (const step of path) {
    const next = childOf(schema, step);
    if (next === null) return null;
    schema = next;
  }
  return schema;
}

/** The keys that the object at a path may have; empty where there is none. */
export function keysAt(root: z.ZodType, path: Path): readonly string[] {
  const schema = schemaAt(root, path);
  if (schema === null) return [];
  return shapesOf(schema).flatMap((shape) =>
    shape.kind === 'object' ? Object.keys(shape.keys) : [],
  );
}

/** What shapes a value of this schema may have; more than one where it is a union. */
export function shapesOf(schema: z.ZodType): readonly Shape[] {
  if (schema instanceof z.ZodObject) {
    return [{ kind: 'object', keys: schema.shape }];
  }
  if (schema instanceof z.ZodArray) return [{ kind: 'list', item: schema.element as z.ZodType }];
  if (schema instanceof z.ZodRecord) {
    return [{ kind: 'record', value: schema.valueType as z.ZodType }];
  }
  if (schema instanceof z.ZodUnion) {
    return (schema.options as readonly z.ZodType[]).flatMap((option) => shapesOf(option));
  }
  if (schema instanceof z.ZodPipe) return shapesOf(schema.in as z.ZodType);
  if (
    schema instanceof z.ZodOptional ||
    schema instanceof z.ZodNullable ||
    schema instanceof z.ZodDefault ||
    schema instanceof z.ZodPrefault
  ) {
    return shapesOf(schema.unwrap() as z.ZodType);
  }
  return [{ kind: 'scalar' }];
}

/** The description of what stands at a path, or null. */
export function descriptionAt(root: z.ZodType, path: Path): string | null {
  return schemaAt(root, path)?.description ?? null;
}

function childOf(schema: z.ZodType, step: string | number): z.ZodType | null {
  for (const shape of shapesOf(schema)) {
    if (shape.kind === 'list' && typeof step === 'number') return shape.item;
    if (shape.kind === 'record' && typeof step === 'string') return shape.value;
    if (shape.kind === 'object' && Object.hasOwn(shape.keys, step)) {
      return shape.keys[step] ?? null;
    }
  }
  return null;
}
