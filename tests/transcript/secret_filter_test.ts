import { assertEquals } from "@std/assert";
import { SecretFilter } from "../../lib/transcript/secret_filter.ts";

Deno.test("SecretFilter.line() hides values of fields by their names", () => {
  for (
    const [line, expected] of [
      ["Authorization: Basic bWU6cGFzcw==", "Authorization: Basic …"],
      ["authorization: bearer abc def", "authorization: bearer …"],
      ["Authorization: opensesame", "Authorization: …"],
      ["Proxy-Authorization: Basic x", "Proxy-Authorization: Basic …"],
      ["Cookie: a=1; b=two=2; c", "Cookie: a=…; b=…; c"],
      ["Cookie: abc", "Cookie: …"],
      ["set-cookie: sid=1; Path=/; HttpOnly", "set-cookie: sid=…; Path=/; HttpOnly"],
      ["X-Api-Key: 1", "X-Api-Key: …"],
      ["X-Auth-Token: Basic", "X-Auth-Token: …"],
      ["Location: http://u:p@h/?token=abc&a=1", "Location: http://h/?token=…&a=1"],
      ["GET /a?api_key=1&b=2 HTTP/1.1", "GET /a?api_key=…&b=2 HTTP/1.1"],
      [":path: /?password=1#x", ":path: /?password=…#x"],
      ["Accept: */*", "Accept: */*"],
      ["HTTP/1.1 200 OK", "HTTP/1.1 200 OK"],
    ]
  ) assertEquals(new SecretFilter().line(line), expected);
});

Deno.test("SecretFilter.body() hides values by their names", () => {
  for (
    const [body, expected] of [
      ['{"password":"a\\"b","n":1,"api_key" : 12}', '{"password":…,"n":1,"api_key" : …}'],
      ['{"a":{"access_token":"cut', '{"a":{"access_token":…'],
      ["user=me&password=a%20b&c=", "user=me&password=…&c="],
      ["<a><password>x</password><b>y</b></a>", "<a><password>…</password><b>y</b></a>"],
      [
        '--b\r\nContent-Disposition: form-data; name="secret"\r\nX: y\r\n\r\nmine\r\n--b--',
        '--b\r\nContent-Disposition: form-data; name="secret"\r\nX: y\r\n\r\n…\r\n--b--',
      ],
      ["the password is short", "the password is short"],
    ]
  ) assertEquals(new SecretFilter().body(body), expected);
});

Deno.test("SecretFilter hides what it has seen wherever else it stands", () => {
  const secrets = new SecretFilter();
  secrets.line("Authorization: Basic bWU6cGFzc3dvcmQ="); // me:password
  secrets.line("Cookie: sid=abcdefgh; lang=en-US");
  assertEquals(
    secrets.body("got bWU6cGFzc3dvcmQ= that is password, abcdefgh and en-US"),
    "got … that is …, … and en-US",
  );
  assertEquals(new SecretFilter(['"k']).body('{"a":"\\"k","b":"%22k"}'), '{"a":"…","b":"…"}');
  assertEquals(secrets.line("X-Echo: abcdefgh"), "X-Echo: …");
  // A server can put it into the attributes of a cookie, or into a name.
  assertEquals(secrets.line("Set-Cookie: a=b; Path=/abcdefgh"), "Set-Cookie: a=…; Path=/…");
  assertEquals(secrets.line("X-abcdefgh-Token: x"), "X-…-Token: …");
  const sent = new SecretFilter();
  sent.line("POST /?api_key=in%20url HTTP/1.1");
  sent.body('{"password":"in body","n":1}');
  sent.body("a=1&token=in+form");
  assertEquals(sent.line("X-Echo: in url, in body, in form"), "X-Echo: …, …, …");
  assertEquals(sent.body("in%20url, in body, in+form and n"), "…, …, … and n");
});

Deno.test("SecretFilter.body() does not search the same text again and again", () => {
  // Otherwise this would not end.
  for (const text of ['"', "<a ", "\\", '"a":', "&a", 'name="a"\r\na\r\n', "<a>", " a=", "<"]) {
    assertEquals(new SecretFilter().body(text.repeat(10_000)).length >= 10_000, true, text);
  }
});

Deno.test("SecretFilter.line() looks for user information where a line is shown", () => {
  const secrets = new SecretFilter(["opensesame"]);
  assertEquals(secrets.line(`X: ${"y".repeat(1_000)}`).length, 1_003);
  // Otherwise this would take minutes.
  for (const text of ["://a:b", "=a:b", "//", "'"]) {
    assertEquals(secrets.line(`X: @${text.repeat(60_000)}opensesame`).includes("opens"), false);
  }
});
