import { runCommand } from "../meter.ts";
import { sendSignal } from "../send_signal.ts";

/** A machine of the laboratory: a network namespace, with its own resolver's files. */
export class Host {
  /** The name of its namespace. */
  readonly name: string;
  /** Where the files lie that replace those of `/etc` there. */
  readonly etc: string;

  constructor(name: string) {
    this.name = name;
    this.etc = `/etc/netns/${name}`;
  }

  /** The command that runs a program there. The process of the program is that of the command. */
  wrap(command: readonly string[]): string[] {
    return ["ip", "netns", "exec", this.name, ...command];
  }

  /** Starts a program there. */
  spawn(command: readonly string[], options: Deno.CommandOptions = {}): Deno.ChildProcess {
    const [program, ...args] = this.wrap(command);
    return new Deno.Command(program, { stdin: "null", ...options, args }).spawn();
  }

  /**
   * Runs a program there to its end.
   *
   * @returns what it printed
   * @throws {Error} If it ends with an exit code other than 0.
   */
  async run(...command: string[]): Promise<string> {
    const output = await runCommand(this.wrap(command));
    if (output?.code === 0) return output.stdout;
    throw new Error(`${command.join(" ")} in ${this.name}: ${output?.stderr ?? "not installed"}`);
  }

  /**
   * Changes settings of the kernel, such as `net.ipv4.tcp_syncookies`, for this host alone.
   *
   * @returns what puts them back
   */
  async change(settings: Readonly<Record<string, number>>): Promise<AsyncDisposable> {
    const before: string[] = [];
    for (const [setting, value] of Object.entries(settings)) {
      before.push(`${setting}=${(await this.run("sysctl", "-n", setting)).trim()}`);
      await this.run("sysctl", "-q", "-w", `${setting}=${value}`);
    }
    return {
      [Symbol.asyncDispose]: async () => void await this.run("sysctl", "-q", "-w", ...before),
    };
  }

  /** Sends a signal to all that runs there. */
  async signal(signal: Deno.Signal): Promise<void> {
    const output = await runCommand(["ip", "netns", "pids", this.name]);
    for (const pid of (output?.stdout ?? "").split("\n").map(Number)) {
      if (pid > 1) sendSignal(pid, signal);
    }
  }

  /** Loads rules of nftables, whose language the text is in, into the firewall of this host. */
  async filter(rules: string): Promise<void> {
    await this.run("sh", "-c", 'printf %s "$1" | nft -f -', "sh", rules);
  }

  /** Asks the name servers at these addresses from now on. */
  async resolveBy(...addresses: string[]): Promise<void> {
    const lines = addresses.map((address) => `nameserver ${address}\n`).join("");
    await Deno.writeTextFile(`${this.etc}/resolv.conf`, lines);
  }

  /** Waits until a port of this host is listened at, without a connection to it. */
  listening(port: number): Promise<void> {
    return this.until(`ss -Hltn 'sport = :${port}' | grep -q .`);
  }

  /**
   * Waits until a command of the shell succeeds there.
   *
   * @throws {Error} If it does not within 10 s.
   */
  async until(command: string): Promise<void> {
    // The shell itself repeats it: entering the namespace costs more than the command.
    const script = `for i in $(seq 500); do ${command} && exit 0; sleep 0.02; done; exit 1`;
    const output = await runCommand(this.wrap(["sh", "-c", script]));
    if (output?.code !== 0) throw new Error(`'${command}' does not succeed in ${this.name}`);
  }
}
