/** Testcontainers' module for Toxiproxy, unchanged, with our image named in place of Toxiproxy's. */
import { ToxiProxyContainer } from "@testcontainers/toxiproxy";
import { describe, expect, test } from "vitest";
import { hasEngine, theEngine } from "./engine.testing.ts";
import { createImages } from "./images.ts";

// Its own reaper is an image that would have to be fetched; the test stops what it has started.
process.env["TESTCONTAINERS_RYUK_DISABLED"] = "true";

describe.runIf(hasEngine)("at an engine", () => {
  test("@testcontainers/toxiproxy works with sinbin's image", async () => {
    const image = await createImages(theEngine(), () => {}).tool();
    await using container = await new ToxiProxyContainer(image).start();
    // The one server that is surely in the container: the control API itself.
    const { host, port, instance, setEnabled } = await container.createProxy({
      name: "api",
      upstream: "127.0.0.1:8474",
    });
    const ask = (): Promise<Response> => fetch(`http://${host}:${port}/version`, { headers: { Connection: "close" } });
    expect(await (await ask()).json()).toEqual({ version: "2.12.0" });

    const toxic = await instance.addToxic({
      name: "slow",
      type: "latency",
      stream: "downstream",
      toxicity: 1,
      attributes: { latency: 100, jitter: 0 },
    });
    const start = performance.now();
    await ask();
    expect(performance.now() - start).toBeGreaterThan(90);
    await toxic.remove();

    await setEnabled(false);
    await expect(ask()).rejects.toThrow("fetch failed");
    await setEnabled(true);
    expect((await ask()).status).toBe(200);
    const second = await container.createProxy({ name: "second", upstream: "127.0.0.1:8474" });
    expect(second.port).not.toBe(port);
    expect(Object.keys(await container.client.getAll())).toEqual(["api", "second"]);
  });

  test("the command of Toxiproxy's image is understood, with a config beside it", async () => {
    const image = await createImages(theEngine(), () => {}).tool();
    const proxies = [{ name: "api", listen: "0.0.0.0:8666", upstream: "127.0.0.1:8474" }];
    await using container = await new ToxiProxyContainer(image)
      .withCopyContentToContainer([{ content: JSON.stringify(proxies), target: "/toxiproxy.json" }])
      .withCommand(["-host=0.0.0.0", "-config=/toxiproxy.json", "-proxy-metrics"])
      .start();
    const url = `http://${container.getHost()}:${container.getMappedPort(8666)}`;
    expect(await (await fetch(`${url}/metrics`)).text()).toContain("toxiproxy_proxy_sent_bytes_total");
  });
});
