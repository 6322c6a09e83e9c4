import { settingHelp } from './settingHelp.ts';

/** One setting of a model family, read from the JSON schema that the engine gives. */
export interface SettingField {
  readonly name: string;
  readonly label: string;
  readonly help: string;
  readonly kind: 'integer' | 'number' | 'switch' | 'choice' | 'numbers' | 'texts' | 'json';
  readonly min?: number;
  readonly max?: number;
  readonly options?: readonly string[];
  /** Of a list: how many it may hold. */
  readonly least?: number;
  readonly most?: number;
  /** Of a choice: its values are numbers. */
  readonly numeric?: boolean;
  readonly fallback: unknown;
}

type Json = Readonly<Record<string, unknown>>;

function isObject(value: unknown): value is Json {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `kernelSize` as a person writes it: `Kernel size`. */
export function settingLabel(name: string): string {
  const words = name.replaceAll(/([a-z\d])([A-Z])/g, '$1 $2').toLowerCase();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** The values of a choice; undefined where the schema is none. Numbers are told from texts by `numeric`. */
function choiceOf(schema: Json): { options: string[]; numeric: boolean } | undefined {
  const constants = Array.isArray(schema.anyOf)
    ? schema.anyOf.map((one) => (isObject(one) ? one.const : undefined))
    : schema.enum;
  if (!Array.isArray(constants) || constants.length === 0) return undefined;
  if (constants.every((v) => typeof v === 'string'))
    return { options: constants.map(String), numeric: false };
  return constants.every((v) => typeof v === 'number')
    ? { options: constants.map(String), numeric: true }
    : undefined;
}

function kindOf(schema: Json): SettingField['kind'] {
  if (choiceOf(schema)) return 'choice';
  if (schema.type === 'integer' || schema.type === 'number') return schema.type;
  if (schema.type === 'boolean') return 'switch';
  if (schema.type !== 'array' || !isObject(schema.items)) return 'json';
  const { type } = schema.items;
  if (type === 'integer' || type === 'number') return 'numbers';
  return type === 'string' ? 'texts' : 'json';
}

function bound(schema: Json, ...names: readonly string[]): number | undefined {
  for (const name of names) if (typeof schema[name] === 'number') return schema[name];
  return undefined;
}

/** The settings in the order of the schema. An unusual one is edited as JSON rather than left out. */
export function settingFields(schema: unknown, defaults: Json, family = ''): SettingField[] {
  if (!isObject(schema) || !isObject(schema.properties)) return [];
  return Object.entries(schema.properties).flatMap(([name, raw]) => {
    if (!isObject(raw)) return [];
    const min = bound(raw, 'minimum', 'exclusiveMinimum');
    const max = bound(raw, 'maximum', 'exclusiveMaximum');
    return [
      {
        name,
        label: typeof raw.title === 'string' ? raw.title : settingLabel(name),
        help: typeof raw.description === 'string' ? raw.description : settingHelp(family, name),
        kind: kindOf(raw),
        ...(min === undefined ? {} : { min }),
        // What has no upper bound of its own comes with the largest safe integer.
        ...(max === undefined || max >= Number.MAX_SAFE_INTEGER ? {} : { max }),
        ...(typeof raw.minItems === 'number' ? { least: raw.minItems } : {}),
        ...(typeof raw.maxItems === 'number' ? { most: raw.maxItems } : {}),
        ...choiceOf(raw),
        fallback: name in defaults ? defaults[name] : raw.default,
      },
    ];
  });
}

/** A value as its input shows it. */
export function settingText(value: unknown): string {
  if (typeof value === 'string') return value;
  if (Array.isArray(value) && value.every((v) => typeof v !== 'object')) return value.join(', ');
  return value === undefined ? '' : JSON.stringify(value);
}

type Read = { readonly value: unknown } | { readonly error: string };

function readNumbers({ least = 0, most = Number.POSITIVE_INFINITY }: SettingField, edited: unknown): Read {
  const parts = Array.isArray(edited)
    ? edited.map(String)
    : String(edited)
        .split(/[\s,;]+/)
        .filter((part) => part !== '');
  const numbers = parts.map(Number);
  const wrong = numbers.findIndex((v) => !Number.isFinite(v));
  if (wrong >= 0) return { error: `"${parts[wrong]}" is not a number.` };
  if (numbers.length < least) return { error: `At least ${least} are needed.` };
  return numbers.length > most ? { error: `At most ${most} are allowed.` } : { value: numbers };
}

function readNumber(field: SettingField, edited: unknown): Read {
  if (edited === '' || !Number.isFinite(Number(edited))) return { error: 'A number is needed.' };
  const value = Number(edited);
  if (field.kind === 'integer' && !Number.isInteger(value)) return { error: 'A whole number is needed.' };
  if (field.min !== undefined && value < field.min) return { error: `At least ${field.min}.` };
  if (field.max !== undefined && value > field.max) return { error: `At most ${field.max}.` };
  return { value };
}

function readJson(edited: unknown): Read {
  if (typeof edited !== 'string') return { value: edited };
  try {
    return { value: JSON.parse(edited) };
  } catch {
    return { error: 'This is not JSON.' };
  }
}

function read(field: SettingField, edited: unknown): Read {
  if (field.kind === 'integer' || field.kind === 'number') return readNumber(field, edited);
  if (field.kind === 'numbers') return readNumbers(field, edited);
  if (field.numeric) return { value: Number(edited) };
  return field.kind === 'json' ? readJson(edited) : { value: edited };
}

export interface ReadSettings {
  readonly values: Readonly<Record<string, unknown>>;
  /** By name of the setting. */
  readonly errors: Readonly<Record<string, string>>;
}

/** The edited settings as the engine takes them. What no field names is passed on for the engine to judge. */
export function readSettings(fields: readonly SettingField[], edited: Json): ReadSettings {
  const values: Record<string, unknown> = {};
  const errors: Record<string, string> = {};
  for (const [name, value] of Object.entries(edited)) {
    const field = fields.find((f) => f.name === name);
    const result: Read = field ? read(field, value) : { value };
    if ('error' in result) errors[name] = result.error;
    else values[name] = result.value;
  }
  return { values, errors };
}
