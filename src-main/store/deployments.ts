import { type DeploymentDto, deploymentSchema } from '../../src-shared/contract/live.ts';
import type { Sqlite } from './database.ts';
import { conflictOnDuplicate, decode, encode, found } from './json.ts';

interface Row {
  readonly id: string;
  readonly body: string;
}

const deploymentOf = (row: Row): DeploymentDto => decode(deploymentSchema, row.body, `deployment ${row.id}`);

/** Parameters that were cleared to trade. A deployment never changes: another choice is another deployment. */
export class DeploymentRepository {
  readonly #db: Sqlite;

  constructor(db: Sqlite) {
    this.#db = db;
  }

  /** @throws FrontierError CONFLICT when the id is taken */
  add(deployment: DeploymentDto): void {
    const insert = this.#db.prepare(
      'INSERT INTO deployments (id, created_ms, model_id, parameter_hash, body) VALUES (?, ?, ?, ?, ?)',
    );
    conflictOnDuplicate(
      () =>
        insert.run(
          deployment.id,
          deployment.createdMs,
          deployment.modelId,
          deployment.parameterHash,
          encode(deploymentSchema.parse(deployment)),
        ),
      `Deployment ${deployment.id} exists.`,
      'Deploy again to get a new one.',
    );
  }

  /** @throws FrontierError NOT_FOUND */
  get(id: string): DeploymentDto {
    const row = this.#db.prepare<[string], Row>('SELECT id, body FROM deployments WHERE id = ?').get(id);
    return deploymentOf(found(row, `deployment ${id}`, 'Deploy a point of a study first.'));
  }

  /** Newest first. */
  list(): DeploymentDto[] {
    return this.#db
      .prepare<[], Row>('SELECT id, body FROM deployments ORDER BY created_ms DESC, id DESC')
      .all()
      .map(deploymentOf);
  }
}
