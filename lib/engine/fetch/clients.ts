/** Requests to one origin by the clients of one {@linkcode Generation}. */
export class Use {
  readonly generation: Generation;
  inFlight = 0;
  /** Most requests in flight at once so far, which is how many connections there may be. */
  most = 0;

  constructor(generation: Generation) {
    this.generation = generation;
  }
}

/** Makes a client. @param keepsIdle whether it keeps connections for later requests */
export type CreateClient = (keepsIdle: boolean, speaks: "any" | "http2") => Deno.HttpClient;

/** Clients that are made, used and let go together. */
class Generation {
  readonly keepsIdle: boolean;
  readonly ordinary: Deno.HttpClient;
  readonly #create: CreateClient;
  #http2: Deno.HttpClient | undefined;
  /** By origin; there is one for all where no connection is kept. */
  readonly #uses = new Map<string, Use>();
  inFlight = 0;
  /** The sum of {@linkcode Use.most}. */
  connections = 0;

  constructor(create: CreateClient, keepsIdle: boolean) {
    this.#create = create;
    this.keepsIdle = keepsIdle;
    this.ordinary = create(keepsIdle, "any");
  }

  /** Speaks HTTP/2 and nothing else. */
  get http2(): Deno.HttpClient {
    return this.#http2 ??= this.#create(this.keepsIdle, "http2");
  }

  begin(origin: string): Use {
    const name = this.keepsIdle ? origin : "";
    let use = this.#uses.get(name);
    if (use === undefined) this.#uses.set(name, use = new Use(this));
    this.inFlight++;
    if (++use.inFlight > use.most) {
      use.most++;
      this.connections++;
    }
    return use;
  }

  close(): void {
    this.ordinary.close();
    this.#http2?.close();
  }
}

/**
 * The clients of native fetch, so that the connections they keep are bounded. A client bounds them
 * by host only, keeps them for 90 s, and cannot be told to close one; so it is let go for a new one
 * when it may have too many. Seen with Deno 2.9: a client takes 0.1 ms to make, and one that is
 * closed finishes its requests in flight, but keeps its idle connections until the last of them
 * has a head. Until then the next client keeps none.
 *
 * So at most `mostConnections` are kept, and one more for each request in flight. A run against so
 * few hosts that it never has as many keeps its first client.
 */
export class Clients {
  readonly #create: CreateClient;
  readonly #mostConnections: number;
  #current: Generation;
  /** The one before, as long as it may have connections. */
  #before: Generation | undefined;

  constructor(create: CreateClient, mostConnections: number) {
    this.#create = create;
    this.#mostConnections = mostConnections;
    this.#current = new Generation(create, true);
  }

  /** A request begins. @returns has the clients for it, and is to be given to {@linkcode end} */
  begin(origin: string): Use {
    const { keepsIdle, connections } = this.#current;
    if (this.#before?.inFlight === 0) this.#before = undefined;
    if (keepsIdle ? connections >= this.#mostConnections : this.#before === undefined) {
      this.#renew();
    }
    return this.#current.begin(origin);
  }

  /** The request is over. */
  end(use: Use): void {
    use.inFlight--;
    use.generation.inFlight--;
  }

  /** Closes idle connections, if there are any, as soon as that is possible. */
  closeIdle(): void {
    const { keepsIdle, connections, inFlight } = this.#current;
    if (keepsIdle && connections > inFlight) this.#renew();
  }

  #renew(): void {
    const last = this.#current;
    last.close();
    if (last.keepsIdle && last.inFlight > 0) this.#before = last;
    this.#current = new Generation(this.#create, this.#before === undefined);
  }

  close(): void {
    this.#current.close();
  }
}
