// One worker process for each processor.

import cluster from "node:cluster";
import { availableParallelism } from "node:os";

/** Starts `worker` in each worker process. */
export function serve(worker) {
  if (!cluster.isPrimary) return worker();
  for (let count = 0; count < availableParallelism(); count += 1) cluster.fork();
}
