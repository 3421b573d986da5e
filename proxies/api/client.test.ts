/** A client library of Toxiproxy's, unchanged, against our daemon: all that it can call. */
import { Toxiproxy, ToxiproxyError, type ICreateToxicBody, type Latency } from "toxiproxy-node-client";
import { expect, test } from "vitest";
import { startEcho, startTestApi, talkTo } from "./api.testing.ts";

test("toxiproxy-node-client can do all that it does with Toxiproxy", async () => {
  await using api = await startTestApi();
  await using echo = await startEcho();
  const client = new Toxiproxy(api.url);
  expect(await client.getVersion()).toBe(`{"version": "2.12.0"}\n`);

  const proxy = await client.createProxy({ name: "web", listen: "localhost:0", upstream: echo.address });
  expect(proxy.toJson()).toEqual({ name: "web", listen: proxy.listen, upstream: echo.address, enabled: true });
  await expect(client.createProxy(proxy.toJson())).rejects.toThrow(ToxiproxyError);
  await expect(client.createProxy(proxy.toJson())).rejects.toThrow("Request failed with status code 409");
  using talk = await talkTo(proxy.listen);

  const body: ICreateToxicBody<Latency> = {
    name: "slow",
    type: "latency",
    stream: "upstream",
    toxicity: 1,
    attributes: { latency: 50, jitter: 0 },
  };
  const toxic = await proxy.addToxic<Latency>(body);
  expect(toxic.toJson()).toEqual(body);
  const start = performance.now();
  talk.send("x");
  await talk.until(1);
  expect(performance.now() - start).toBeGreaterThan(40);
  const updated = await toxic.update({ ...body, attributes: { latency: 1, jitter: 0 } });
  expect((await proxy.getToxic("slow")).toJson()).toEqual(updated.toJson());
  await toxic.remove();
  await expect(proxy.getToxic("slow")).rejects.toThrow("404");

  const disabled = await proxy.update({ enabled: false, listen: proxy.listen, upstream: proxy.upstream });
  expect(disabled.enabled).toBe(false);
  await client.reset();
  expect((await client.get("web")).enabled).toBe(true);
  expect(Object.keys(await client.populate([{ name: "a", listen: "localhost:0", upstream: "b:1" }]))).toEqual(["a"]);
  expect(Object.keys(await client.getAll())).toEqual(["a", "web"]);
  await proxy.remove();
  await expect(client.get("web")).rejects.toThrow("404");
});
