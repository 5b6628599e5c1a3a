/** A command, as the first page of the help lists it. */
export interface Command {
  readonly name: string;
  /** How it is written. */
  readonly usage: string;
  /** What it does, in a few words. */
  readonly about: string;
}

/** The commands, in the order of the help. */
export const COMMANDS = [
  {
    name: "run",
    usage: "myriad [OPTIONS] URL",
    about: "make requests (myriad run is the same)",
  },
  {
    name: "curl",
    usage: "myriad curl 'curl …'",
    about: "make the request of a curl command",
  },
  { name: "serve", usage: "myriad serve [OPTIONS]", about: "run the delay server" },
  {
    name: "compare",
    usage: "myriad compare [OPTIONS]",
    about: "run client strategies side by side",
  },
  {
    name: "verify",
    usage: "myriad verify [OPTIONS]",
    about: "compare the records with the server's log",
  },
  {
    name: "report",
    usage: "myriad report [OPTIONS]",
    about: "report on an earlier run, or compare two",
  },
  {
    name: "work",
    usage: "myriad work [OPTIONS]",
    about: "make requests of a run on several machines",
  },
  {
    name: "runs",
    usage: "myriad runs [OPTIONS]",
    about: "list the runs on several machines, or end one",
  },
  {
    name: "completions",
    usage: "myriad completions SHELL",
    about: "print completions for bash, zsh or fish",
  },
  { name: "man", usage: "myriad man", about: "print the page of the manual" },
] as const satisfies readonly Command[];

/** The name of a command. */
export type CommandName = (typeof COMMANDS)[number]["name"];
