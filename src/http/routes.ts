/** Where MLflow's REST API begins. Everything but a few newer parts, logged models included, is 2.0. */
export const API = "/api/2.0/mlflow";

/** What a server says of itself. */
export const SERVER_INFO = "/api/3.0/mlflow/server-info";

/** Key and value in lists, as MLflow's messages hold them. */
export const pairsOf = (values: Readonly<Record<string, string>> = {}): { key: string; value: string }[] =>
  Object.entries(values).map(([key, value]) => ({ key, value }));
