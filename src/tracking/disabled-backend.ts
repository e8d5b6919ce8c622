import { TidemarkError } from "../base/errors.ts";
import { newId, newRunName } from "../base/ids.ts";
import type { ArtifactStore } from "../contract/artifact-store.ts";
import type { Backend } from "../contract/backend.ts";
import type { MetricSink } from "../contract/metric-sink.ts";
import { OK } from "../contract/outcome.ts";
import type { Experiment } from "../schema/experiment.ts";
import type { CreateRun, RunEntity } from "../schema/run.ts";

const nothing = async () => {};

function nothingRecorded(): never {
  throw new TidemarkError("RESOURCE_DOES_NOT_EXIST", "nothing is recorded while TIDEMARK_DISABLED is set");
}

const emptyArtifacts: ArtifactStore = {
  uri: "disabled:",
  list: async () => [],
  upload: nothing,
  write: nothing,
  download: async () => nothingRecorded(),
  read: async () => nothingRecorded(),
  delete: nothing,
};

const emptyExperiment = (id: string, name: string): Experiment => ({
  id,
  name,
  artifactLocation: "disabled:",
  lifecycleStage: "active",
  tags: {},
});

const emptySink: MetricSink = { limits: {}, writeSync: () => OK, close: () => {} };

const emptyRun = (input: CreateRun): RunEntity => ({
  id: newId(),
  name: input.name ?? newRunName(),
  experimentId: input.experimentId,
  userId: input.userId ?? "",
  status: "RUNNING",
  startTime: input.startTime ?? Date.now(),
  lifecycleStage: "active",
  artifactUri: "disabled:",
  params: {},
  tags: {},
  metrics: {},
  latestMetrics: [],
  inputs: [],
  modelInputs: [],
  modelOutputs: [],
});

/** What `TIDEMARK_DISABLED=1` puts in the place of every backend: takes everything, keeps nothing, touches no disk or network. */
export const disabledBackend: Backend = {
  uri: "disabled:",
  tracking: {
    createExperiment: async () => "0",
    getExperiment: async (id) => emptyExperiment(id, ""),
    getExperimentByName: async (name) => emptyExperiment("0", name),
    searchExperiments: async () => ({ items: [] }),
    renameExperiment: nothing,
    deleteExperiment: nothing,
    restoreExperiment: nothing,
    setExperimentTag: nothing,
    deleteExperimentTag: nothing,
    createRun: async (input) => emptyRun(input),
    getRun: async (id) => ({ ...emptyRun({ experimentId: "0" }), id }),
    searchRuns: async () => ({ items: [] }),
    deleteRun: nothing,
    restoreRun: nothing,
    updateRun: nothing,
    updateRunSync: () => {},
    metricHistory: async () => nothingRecorded(),
    deleteTag: nothing,
    logModelInputs: nothing,
    logModelOutputs: nothing,
    rewind: nothing,
    marks: async () => [],
    openSink: async () => emptySink,
    sync: {
      createExperiment: () => "0",
      getExperiment: (id) => emptyExperiment(id, ""),
      getExperimentByName: (name) => emptyExperiment("0", name),
      createRun: emptyRun,
      openSink: () => emptySink,
    },
  },
  artifacts: () => emptyArtifacts,
  close: nothing,
};
