/** The requests to one origin by the clients of one {@linkcode Generation}. */
export class Use {
  readonly generation: Generation;
  inFlight = 0;
  /**
   * The highest number of requests in flight so far, which is how many connections there may be.
   */
  most = 0;

  constructor(generation: Generation) {
    this.generation = generation;
  }
}

/** Makes a client. @param keepsIdle whether it keeps connections for later requests */
export type CreateClient = (keepsIdle: boolean, speaks: "any" | "http2") => Deno.HttpClient;

/** Clients that are made, used and closed together. */
class Generation {
  readonly keepsIdle: boolean;
  readonly ordinary: Deno.HttpClient;
  readonly #create: CreateClient;
  #http2: Deno.HttpClient | undefined;
  /** By origin; one for all origins if no connection is kept. */
  readonly #uses = new Map<string, Use>();
  inFlight = 0;
  /** The sum of {@linkcode Use.most}. */
  connections = 0;

  constructor(create: CreateClient, keepsIdle: boolean) {
    this.#create = create;
    this.keepsIdle = keepsIdle;
    this.ordinary = create(keepsIdle, "any");
  }

  /** The client that speaks HTTP/2 only. */
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
 * The clients of native fetch, with a bound on their connections. A client bounds connections by host
 * only, keeps them for 90 s, and cannot close a single one. So a client that may have too many is
 * replaced. Seen with Deno 2.9: making a client takes 0.1 ms. A closed client finishes its requests in
 * flight, but keeps its idle connections until the last of these requests has a head. Until then the
 * next client keeps no connection.
 *
 * So at most `mostConnections` are kept, and one more for each request in flight. A run against few
 * hosts keeps its first client.
 */
export class Clients {
  readonly #create: CreateClient;
  readonly #mostConnections: number;
  #current: Generation;
  /** The generation before, as long as it may have connections. */
  #before: Generation | undefined;

  constructor(create: CreateClient, mostConnections: number) {
    this.#create = create;
    this.#mostConnections = mostConnections;
    this.#current = new Generation(create, true);
  }

  /** Records the begin of a request. @returns its clients; pass it to {@linkcode end} */
  begin(origin: string): Use {
    const { keepsIdle, connections } = this.#current;
    if (this.#before?.inFlight === 0) this.#before = undefined;
    if (keepsIdle ? connections >= this.#mostConnections : this.#before === undefined) {
      this.#renew();
    }
    return this.#current.begin(origin);
  }

  /** Records the end of a request. */
  end(use: Use): void {
    use.inFlight--;
    use.generation.inFlight--;
  }

  /** Closes idle connections, if there are any, as soon as possible. */
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
