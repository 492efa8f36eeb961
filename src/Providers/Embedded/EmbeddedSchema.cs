namespace ControlPlane.Providers.Embedded;

/// <summary>
/// The tables of the embedded queue, in SQL that SQLite and PostgreSQL both read. Times are Unix milliseconds.
/// Steps are only ever added: a step that was once released is never changed.
/// </summary>
internal static class EmbeddedSchema
{
    public const string Component = "embedded-queue";

    public static IReadOnlyList<string> Steps { get; } = [First, "ALTER TABLE embedded_task ADD COLUMN comment TEXT"];

    private const string First = """
        CREATE TABLE IF NOT EXISTS embedded_counter (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
        INSERT INTO embedded_counter (name, value) VALUES ('sequence', 0) ON CONFLICT (name) DO NOTHING;

        CREATE TABLE IF NOT EXISTS embedded_queue (id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, created BIGINT NOT NULL);

        CREATE TABLE IF NOT EXISTS embedded_task (
            id TEXT PRIMARY KEY,
            seq BIGINT NOT NULL UNIQUE,
            name TEXT NOT NULL,
            queue_id TEXT REFERENCES embedded_queue (id),
            state TEXT NOT NULL,
            priority BIGINT NOT NULL,
            position BIGINT NOT NULL,
            command TEXT NOT NULL,
            environment TEXT NOT NULL,
            document TEXT,
            max_attempts BIGINT NOT NULL,
            attempt BIGINT NOT NULL,
            attempts_before BIGINT NOT NULL,
            worker TEXT,
            instance TEXT,
            reason TEXT,
            message TEXT,
            exit_code BIGINT,
            created BIGINT NOT NULL,
            enqueued BIGINT,
            started BIGINT,
            ended BIGINT,
            heard BIGINT NOT NULL);
        CREATE INDEX IF NOT EXISTS embedded_task_next ON embedded_task (queue_id, priority DESC, position, enqueued) WHERE state = 'queued';
        CREATE INDEX IF NOT EXISTS embedded_task_running ON embedded_task (worker, instance) WHERE state = 'running';
        CREATE INDEX IF NOT EXISTS embedded_task_by_queue ON embedded_task (queue_id, seq);
        CREATE INDEX IF NOT EXISTS embedded_task_by_state ON embedded_task (state, seq);

        CREATE TABLE IF NOT EXISTS embedded_attempt (
            task_id TEXT NOT NULL REFERENCES embedded_task (id),
            attempt BIGINT NOT NULL,
            worker TEXT,
            claimed BIGINT NOT NULL,
            started BIGINT,
            ended BIGINT,
            outcome TEXT,
            reason TEXT,
            exit_code BIGINT,
            PRIMARY KEY (task_id, attempt));

        CREATE TABLE IF NOT EXISTS embedded_log (
            task_id TEXT NOT NULL REFERENCES embedded_task (id),
            attempt BIGINT NOT NULL,
            sequence BIGINT NOT NULL,
            text TEXT NOT NULL,
            written BIGINT NOT NULL,
            PRIMARY KEY (task_id, attempt, sequence));
        CREATE TABLE IF NOT EXISTS embedded_log_size (
            task_id TEXT NOT NULL REFERENCES embedded_task (id),
            attempt BIGINT NOT NULL,
            bytes BIGINT NOT NULL,
            next_sequence BIGINT NOT NULL,
            full_at BIGINT,
            PRIMARY KEY (task_id, attempt));

        CREATE TABLE IF NOT EXISTS embedded_worker (
            name TEXT PRIMARY KEY,
            instance TEXT,
            ip TEXT,
            registered BIGINT NOT NULL,
            reported BIGINT NOT NULL,
            active BIGINT,
            timeout_seconds BIGINT NOT NULL);
        CREATE INDEX IF NOT EXISTS embedded_worker_by_instance ON embedded_worker (instance);
        CREATE TABLE IF NOT EXISTS embedded_worker_queue (
            worker TEXT NOT NULL REFERENCES embedded_worker (name) ON DELETE CASCADE,
            queue_id TEXT NOT NULL REFERENCES embedded_queue (id),
            PRIMARY KEY (worker, queue_id));
        CREATE TABLE IF NOT EXISTS embedded_drain (instance TEXT PRIMARY KEY, since BIGINT NOT NULL, ended BIGINT);

        CREATE TABLE IF NOT EXISTS embedded_submission (key TEXT PRIMARY KEY, digest TEXT NOT NULL, tasks TEXT NOT NULL, created BIGINT NOT NULL);
        CREATE INDEX IF NOT EXISTS embedded_submission_age ON embedded_submission (created)
        """;
}
