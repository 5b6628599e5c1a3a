/**
 * Keeps secrets in an input from a bus that nobody has sealed.
 *
 * @module
 */
import { InputError, UsageError } from "../errors.ts";
import type { InputColumns, Item } from "../source/item.ts";
import { toText } from "../source/lines.ts";
import type { MaybePromise, Source, Step } from "../stream.ts";
import { isSecretHeader, withoutSecrets } from "../text/secrets.ts";

/** @throws {UsageError} If a column of an input has the name of a secret. */
export function refuseSecretColumns(columns: InputColumns): void {
  const secret = columns.flat().find(isSecretHeader);
  if (secret === undefined) return;
  throw new UsageError(
    `Cannot submit the column '${secret}' in clear: the server of the bus keeps it on its disk: ` +
      "add --cluster-key FILE to seal the run, or --cluster-plain",
  );
}

/** The items of an input, up to the first that has credentials in a URL: 0.1 us an item without. */
export class GuardedItems implements Source<Item> {
  readonly #items: Source<Item>;

  constructor(items: Source<Item>) {
    this.#items = items;
  }

  /** @throws {InputError} If the next one has a secret. */
  next(): MaybePromise<Step<Item>> {
    const step = this.#items.next();
    return step instanceof Promise ? step.then(check) : check(step);
  }

  return(): unknown {
    return this.#items.return?.();
  }
}

function check(step: Step<Item>): Step<Item> {
  if (step.done) return step;
  const { record, line } = step.value;
  const text = toText(record);
  if (!/[@?&;]/.test(text) || withoutSecrets(text) === text) return step;
  throw new InputError(
    `Cannot submit line ${line} of the input in clear: it has credentials, which the server of the ` +
      "bus would keep on its disk: add --cluster-key FILE to seal the run, or --cluster-plain",
  );
}
