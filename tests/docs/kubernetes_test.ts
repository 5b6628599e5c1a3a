import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { parseAll } from "@std/yaml/parse";
import type { Flag } from "../../lib/cli/flags.ts";
import { parseFlags } from "../../lib/cli/parse_flags.ts";
import { WORK_FLAGS } from "../../lib/commands/work/command.ts";
import { RUN_FLAGS } from "../../lib/options/table.ts";
import { folder } from "../fixtures/folder.ts";
import { HAS_NATS } from "../fixtures/nats_server.ts";

const FOLDER = new URL("../../docs/cluster/", import.meta.url);
const FILES = ["indexed-job.yaml", "nats.yaml", "submitter.yaml", "workers.yaml"];

/** What the tests look at of a manifest. */
interface Manifest {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: { readonly name: string };
  readonly data?: Readonly<Record<string, string>>;
  readonly spec?: {
    readonly template?: {
      readonly spec: {
        readonly containers: readonly {
          readonly image: string;
          readonly args: readonly string[];
          readonly env?: readonly { readonly name: string }[];
        }[];
      };
    };
  };
}

function read(file: string): Manifest[] {
  return parseAll(Deno.readTextFileSync(new URL(file, FOLDER))) as Manifest[];
}

const MANIFESTS = FILES.flatMap((file) => read(file).map((manifest) => ({ file, manifest })));
const CONTAINERS = MANIFESTS.flatMap(({ file, manifest }) =>
  manifest.spec?.template?.spec.containers.map((container) => ({ file, ...container })) ?? []
);

/** Where kubernetes-types has the type of a kind. */
function toModule(apiVersion: string): string {
  return apiVersion.includes("/") ? apiVersion : `core/${apiVersion}`;
}

Deno.test("the manifests of docs/cluster/ fit the types of the Kubernetes API", async () => {
  // Literals: the types then refuse members that they do not know, too.
  const text = MANIFESTS.map(({ manifest }, k) => {
    const { apiVersion, kind } = manifest;
    return `import type { ${kind} as Type${k} } from "kubernetes-types/${toModule(apiVersion)}";
export const manifest${k}: Type${k} = ${JSON.stringify(manifest, null, 1)};
`;
  }).join("");
  await using dir = await folder();
  const path = await dir.write("manifests.ts", text);
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["check", "--quiet", "--config", new URL("../../deno.json", FOLDER).pathname, path],
    env: { NO_COLOR: "1" },
  }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
});

Deno.test("each flag in the manifests of docs/cluster/ is one of the program", () => {
  const own = CONTAINERS.filter(({ image }) => image === "myriad");
  assertEquals(own.map(({ file }) => file), ["indexed-job.yaml", "submitter.yaml", "workers.yaml"]);
  for (const { args, env = [] } of own) {
    const [command, ...rest] = args;
    const [flags, words]: [readonly Flag[], readonly string[]] = command === "work"
      ? [WORK_FLAGS, rest]
      : [RUN_FLAGS, args];
    assertEquals(parseFlags(flags, words, "myriad").positionals.length, 1);
    const names = words.flatMap((word) =>
      [...word.matchAll(/\$\((\w+)\)/g)].map(([, name]) => name)
    );
    for (const name of names) assert(env.some((one) => one.name === name), name);
  }
});

Deno.test("all pods of docs/cluster/ run without rights", () => {
  for (const file of FILES) {
    const text = Deno.readTextFileSync(new URL(file, FOLDER));
    assertStringIncludes(text, "automountServiceAccountToken: false");
    assertStringIncludes(text, "readOnlyRootFilesystem: true");
    assertStringIncludes(text, "drop: [ALL]");
  }
});

Deno.test({
  name: "the NATS server takes its configuration in docs/cluster/nats.yaml",
  ignore: !HAS_NATS,
  fn: async () => {
    const [{ data }] = read("nats.yaml");
    await using dir = await folder();
    const path = await dir.write("nats.conf", data!["nats.conf"]);
    const { code, stderr } = await new Deno.Command("nats-server", {
      args: ["-t", "-c", path],
      env: { SUBMITTER_PASSWORD: "s1", WORKER_PASSWORD: "w2" },
    }).output();
    assertEquals(code, 0, new TextDecoder().decode(stderr));
  },
});
