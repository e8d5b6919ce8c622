import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Backend } from "../../src/contract/backend.ts";
import type { RegistryStore } from "../../src/contract/registry-store.ts";
import { raceConditions } from "../../src/s3/store/race.ts";
import { batchOf } from "../contract/batches.ts";
import { send } from "../contract/subject.ts";
import { leftOut } from "../support/peers.ts";
import { BUCKET, type S3Server, s3Servers, storeAt } from "../support/s3-servers.ts";

const PROGRAMS = 5;
const source = "s3://models/digits";

describe.each(s3Servers)("many programs at one store at %s", (_, peer, start) => {
  describe.skipIf(leftOut(peer))("agree:", () => {
    let server: S3Server;
    beforeAll(async () => {
      server = await start();
    });
    afterAll(() => server?.kill());

    let made = 0;
    /** As many backends as programs, which know nothing of each other, at a new store. */
    const programs = (count = PROGRAMS): Backend[] => {
      const prefix = `races/${made++}`;
      return Array.from({ length: count }, () => storeAt(server, prefix));
    };
    const registryOf = ({ registry }: Backend) => registry as RegistryStore;
    const each = <T>(backends: readonly Backend[], times: number, work: (backend: Backend, n: number) => Promise<T>) =>
      Promise.allSettled(
        Array.from({ length: backends.length * times }, (_, n) => work(backends[n % backends.length] as Backend, n)),
      );
    const fulfilled = <T>(results: readonly PromiseSettledResult<T>[]): T[] =>
      results.flatMap((result) => (result.status === "fulfilled" ? [result.value] : []));
    const reasons = (results: readonly PromiseSettledResult<unknown>[]): unknown[] =>
      results.flatMap((result) => (result.status === "rejected" ? [result.reason] : []));

    it("50 new versions get the numbers 1 to 50", async () => {
      const backends = programs();
      await registryOf(backends[0] as Backend).createModel({ name: "digits" });
      const made = await each(backends, 10, (backend) => registryOf(backend).createVersion({ name: "digits", source }));
      expect(reasons(made)).toEqual([]);
      const numbers = fulfilled(made).map(({ version }) => version);
      expect(numbers.sort((a, b) => a - b)).toEqual(Array.from({ length: 50 }, (_, n) => n + 1));
    });

    it("numbers of deleted versions are not used again", async () => {
      const [a, b] = programs(2).map(registryOf) as [RegistryStore, RegistryStore];
      await a.createModel({ name: "digits" });
      await a.createVersion({ name: "digits", source });
      await b.createVersion({ name: "digits", source });
      await a.deleteVersion({ name: "digits", version: 2 });
      expect((await b.createVersion({ name: "digits", source })).version).toBe(3);
      expect((await b.getVersionByAlias("digits", "latest")).version).toBe(3);
      await b.deleteVersion({ name: "digits", version: 3 });
      expect((await a.getVersionByAlias("digits", "latest")).version).toBe(1);
    });

    it("no change of a model is lost, and an alias is where one of them put it", async () => {
      const backends = programs();
      const [first] = backends.map(registryOf) as [RegistryStore];
      await first.createModel({ name: "digits" });
      for (let n = 0; n < PROGRAMS; n++) await first.createVersion({ name: "digits", source });
      const moves = await each(backends, 8, async (backend, n) => {
        const registry = registryOf(backend);
        await registry.setAlias({ name: "digits", version: (n % PROGRAMS) + 1 }, "champion");
        await registry.setModelTag("digits", { key: `tag ${n}`, value: String(n) });
      });
      expect(reasons(moves)).toEqual([]);
      const { tags, aliases } = await first.getModel("digits");
      expect(Object.keys(tags)).toHaveLength(PROGRAMS * 8);
      expect(aliases.champion).toBeGreaterThanOrEqual(1);
      const { version } = await first.getVersionByAlias("digits", "champion");
      expect(version).toBe(aliases.champion);
    });

    it("a stage that makes room has one version in it", async () => {
      const backends = programs();
      const [first] = backends.map(registryOf) as [RegistryStore];
      await first.createModel({ name: "digits" });
      for (let n = 0; n < PROGRAMS; n++) await first.createVersion({ name: "digits", source });
      await each(backends, 1, (backend, n) =>
        registryOf(backend).transitionStage({ name: "digits", version: n + 1 }, "Production", {
          archiveExisting: true,
        }),
      );
      const { items } = await first.searchVersions({ maxResults: 10, orderBy: ["version_number"] });
      expect(items.map(({ stage }) => stage).sort()).toEqual([...Array(PROGRAMS - 1).fill("Archived"), "Production"]);
    });

    it("a name belongs to one, whether by creation or by renaming", async () => {
      const backends = programs();
      const [first] = backends as [Backend];
      const { tracking } = first;
      const others = await Promise.all(
        Array.from({ length: 6 }, (_, n) => tracking.createExperiment({ name: `other ${n}` })),
      );
      const attempts = await each(backends, 4, async (backend, n) => {
        const other = others[n];
        if (other === undefined) return await backend.tracking.createExperiment({ name: "wanted" });
        await backend.tracking.renameExperiment(other, "wanted");
        return other;
      });
      const [winner, ...rest] = fulfilled(attempts);
      expect(rest).toEqual([]);
      for (const reason of reasons(attempts)) expect(reason).toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      expect((await tracking.getExperimentByName("wanted"))?.id).toBe(winner);
      const { items } = await tracking.searchExperiments({ viewType: "all", maxResults: 100 });
      expect(items.filter(({ name }) => name === "wanted").map(({ id }) => id)).toEqual([winner]);
      const names = items.map(({ name }) => name);
      expect(new Set(names).size).toBe(names.length);
    });

    it("a name that was given up may be taken by many at once, and one gets it", async () => {
      const backends = programs();
      const { tracking } = backends[0] as Backend;
      const id = await tracking.createExperiment({ name: "old" });
      await tracking.renameExperiment(id, "new");
      const attempts = await each(backends, 2, (backend) => backend.tracking.createExperiment({ name: "old" }));
      expect(fulfilled(attempts)).toHaveLength(1);
      expect(fulfilled(attempts)[0]).not.toBe(id);
      await expect(tracking.renameExperiment(id, "old")).rejects.toMatchObject({ code: "RESOURCE_ALREADY_EXISTS" });
      expect((await tracking.getExperimentByName("new"))?.id).toBe(id);
    });

    it("a param has one value, and whoever has another is told", async () => {
      const backends = programs();
      const { tracking } = backends[0] as Backend;
      const { id } = await tracking.createRun({ experimentId: "0" });
      const attempts = await each(backends, 4, async (backend, n) => {
        const sink = await backend.tracking.openSink(id);
        const param = { key: "lr", value: String(n) };
        const outcome = await send(sink, batchOf({ params: [param, { key: `own ${n}`, value: "1" }] }));
        return { n, status: outcome.status };
      });
      expect(reasons(attempts)).toEqual([]);
      const { params } = await tracking.getRun(id);
      const taken = fulfilled(attempts).filter(({ status }) => status === "ok");
      expect(taken.map(({ n }) => String(n))).toEqual([params.lr]);
      for (const { n, status } of fulfilled(attempts)) {
        if (status === "ok") continue;
        expect(status).toBe("permanent");
        expect(params[`own ${n}`]).toBe("1");
      }
    });

    it("values of several writers of one run are all there, each once", async () => {
      const backends = programs();
      const { tracking } = backends[0] as Backend;
      const { id } = await tracking.createRun({ experimentId: "0" });
      await each(backends, 4, async (backend, n) => {
        const sink = await backend.tracking.openSink(id);
        const points = [0, 1, 2].map((step) => ({ key: "loss", value: n, step: n * 10 + step, timestamp: 1_000 + n }));
        expect(await send(sink, batchOf({ points }))).toEqual({ status: "ok" });
        await sink.close();
      });
      await tracking.updateRun({ runId: id, status: "FINISHED", endTime: 5_000 });
      const { steps } = await tracking.metricHistory(id, "loss");
      expect([...steps]).toEqual(Array.from({ length: 20 }, (_, n) => [n * 10, n * 10 + 1, n * 10 + 2]).flat());
      expect((await tracking.getRun(id)).latestMetrics).toEqual([
        { key: "loss", value: 19, step: 192, timestamp: 1_019 },
      ]);
    });

    it("values that a killed program brought, and did not know of it, are not there twice", async () => {
      const [killed, heir] = programs(2) as [Backend, Backend];
      const { id } = await killed.tracking.createRun({ experimentId: "0" });
      const point = (key: string, value: number, step: number) => ({ key, value, step, timestamp: 1_000 + step });
      const landed = [point("loss", 0.5, 1), point("loss", 0.5, 1), point("loss", Number.NaN, 2), point("acc", -0, 1)];
      const rest = [point("loss", 0.25, 3), point("acc", 0, 1), point("new", 1, 1)];
      await send(await killed.tracking.openSink(id), batchOf({ points: landed }));
      const sink = await heir.tracking.openSink(id);
      expect(await send(sink, batchOf({ points: landed.slice(0, 2) }))).toEqual({ status: "ok" });
      expect(await send(sink, batchOf({ points: [...landed.slice(2), ...rest] }))).toEqual({ status: "ok" });
      await sink.close();
      const valuesOf = async (key: string) => [...(await heir.tracking.metricHistory(id, key)).values];
      expect(await valuesOf("loss")).toEqual([0.5, 0.5, Number.NaN, 0.25]);
      // Of one step and one time, and of two writers: they have no order.
      expect((await valuesOf("acc")).map((value) => (Object.is(value, -0) ? "-0" : value)).sort()).toEqual(["-0", 0]);
      expect(await valuesOf("new")).toEqual([1]);
    });

    it("and their storage keeps conditions when 32 write at once", async () => {
      const result = await raceConditions(`s3://${BUCKET}/races/${made++}`, server.options);
      expect(result).toEqual({ writers: 32, creators: 1, changers: 1 });
    });
  });
});
