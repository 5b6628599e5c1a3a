import { assert, assertEquals } from "@std/assert";
import { HostRoutes } from "../../lib/threads/host_routes.ts";
import { target } from "../fixtures/target.ts";

/** The worker of a URL. */
function finder(workers: number): (url: string, invalid?: string) => number {
  let made = target("");
  const routes = new HostRoutes(() => made, workers);
  return (url, invalid) => {
    made = target(url, { invalid });
    return routes.find({ i: 5, record: "", line: 0, input: 0 });
  };
}

Deno.test("HostRoutes deals the first hosts out in turn", () => {
  const find = finder(3);
  assertEquals(["a", "b", "c", "d", "e"].map((host) => find(`http://${host}/x`)), [0, 1, 2, 0, 1]);
  assertEquals(find("http://b/other"), 1);
  // It is the same host, in other words.
  assertEquals([find("http://B:80/"), find("http://b.:80?q"), find("http://%62/")], [1, 1, 1]);
  assertEquals(find("https://b/"), 2, "another port");
});

Deno.test("HostRoutes gives a host to the same worker, however many there are", () => {
  const find = finder(4);
  const urls = Array.from({ length: 5_000 }, (_, k) => `http://h${k}.example/`);
  const first = urls.map((url) => find(url));
  assertEquals(urls.map((url) => find(url)), first);
  for (let worker = 0; worker < 4; worker++) {
    const share = first.filter((it) => it === worker).length;
    assert(share > 1_000 && share < 1_500, `${share} of 5,000`);
  }
});

Deno.test("HostRoutes keeps nothing of a host that is too long for a name", () => {
  const find = finder(3);
  assertEquals(find("http://a/"), 0);
  const long = (k: number): string => `http://${k}.${"a".repeat(1_000)}/`;
  const workers = Array.from({ length: 20 }, (_, k) => find(long(k)));
  assertEquals(workers, workers.map((_, k) => find(long(k))));
  assertEquals(new Set(workers).size, 3);
  assertEquals(find("http://b/"), 1, "the turn of the next host that is kept");
});

Deno.test("HostRoutes gives what is not sent to any worker, and keeps nothing of it", () => {
  const find = finder(3);
  assertEquals(find("nonsense", "not a URL"), 2);
  assertEquals([find("http://a/"), find("http://b/")], [0, 1]);
});

Deno.test("HostRoutes keeps no host that is long", () => {
  const find = finder(3);
  const long = `http://${"a".repeat(1_000)}/`;
  assertEquals(find(long), find(long));
  assertEquals([find("http://a/"), find("http://b/")], [0, 1]);
});
