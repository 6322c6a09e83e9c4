import { implement, ORPCError, ValidationError } from '@orpc/server';
import { contract } from '../../src-shared/contract/index.ts';
import { errorBody, FrontierError } from '../../src-shared/errors.ts';

/** What a procedure is told about its caller. Nothing yet: whoever has the token or the port commands the engine. */
export type RpcContext = Record<never, never>;

/** The validation message of the first field that is wrong, with its name. */
function validationMessage(error: ValidationError): string {
  const issue = error.issues[0];
  const path = issue?.path?.map((p) => String(typeof p === 'object' ? p.key : p)).join('.');
  return path ? `${path}: ${issue?.message}` : (issue?.message ?? 'The input is not valid.');
}

/** Any failure as the typed error of the contract. Faults of ours are logged; their text is not hidden. */
export function toRpcError(error: unknown, log: (error: unknown) => void): unknown {
  if (error instanceof ORPCError) {
    if (error.code === 'BAD_REQUEST' && error.cause instanceof ValidationError) {
      const message = validationMessage(error.cause);
      return new ORPCError('BAD_INPUT', {
        status: 400,
        message,
        data: { hint: 'Correct the field that is named.' },
      });
    }
    return error;
  }
  if (!(error instanceof FrontierError)) log(error);
  const { code, message, hint } = errorBody(error);
  return new ORPCError(code, { message, data: { ...(hint === undefined ? {} : { hint }) } });
}

function guarded<T>(
  iterator: AsyncIterable<T>,
  log: (error: unknown) => void,
): AsyncGenerator<T, void, void> {
  return (async function* () {
    try {
      yield* iterator;
    } catch (error) {
      throw toRpcError(error, log);
    }
  })();
}

function isAsyncIterable(value: unknown): value is AsyncIterable<unknown> {
  return typeof value === 'object' && value !== null && Symbol.asyncIterator in value;
}

/** The implementer of the contract whose procedures, streams included, fail with the contract's errors only. */
export function implementer(log: (error: unknown) => void) {
  return implement(contract)
    .$context<RpcContext>()
    .use(async ({ next }) => {
      try {
        const result = await next();
        const output: unknown = result.output;
        return isAsyncIterable(output)
          ? { ...result, output: guarded(output, log) as typeof result.output }
          : result;
      } catch (error) {
        throw toRpcError(error, log);
      }
    });
}

export type Implementer = ReturnType<typeof implementer>;
