/** What a connection has brought and nobody has taken yet; bounded. */
export class Inbox<Item> {
  #items: Item[] = [];
  #ended: { readonly reason?: unknown } | undefined;
  #wake: () => void = () => {};

  constructor(private readonly bound: number) {}

  /** Keep an item; false if there is no room, and then nothing more is taken. */
  put(item: Item): boolean {
    if (this.#ended) return true;
    if (this.#items.length >= this.bound) return false;
    this.#items.push(item);
    this.#wake();
    return true;
  }

  /** End after what is kept, by an error if there is a reason. */
  end(reason?: unknown): void {
    this.#ended ??= { reason };
    this.#wake();
  }

  /** Yield the items in order, then end. */
  async *[Symbol.asyncIterator](): AsyncGenerator<Item, void> {
    for (;;) {
      while (this.#items.length) yield this.#items.shift()!;
      if (this.#ended) {
        if (this.#ended.reason !== undefined) throw this.#ended.reason;
        return;
      }
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }
}
