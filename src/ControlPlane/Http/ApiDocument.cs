using System.Text.Json.Nodes;
using ControlPlane.Budgets;
using ControlPlane.Catalog;
using ControlPlane.Changes;
using ControlPlane.Health;
using ControlPlane.Instances;
using ControlPlane.Pools;
using ControlPlane.Providers;
using ControlPlane.Queues;
using ControlPlane.Sources;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.OpenApi;
using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace ControlPlane.Http;

/// <summary>The API's description for programs, and the page that shows it to people.</summary>
internal static class ApiDocument
{
    private const string Instance = "01JC8Z4V9GQ6T3M5N7P9R1S2T4";

    // Each example is JSON as the API answers it; a test reads each as its view.
    internal static readonly IReadOnlyDictionary<Type, string> Examples = new Dictionary<Type, string>
    {
        [typeof(SourceView)] = """
            {"name":"here","kind":"embedded","pace":"1s","state":{"healthy":true,"fault":null,"failures":0,"lookedAt":"2026-01-31T08:00:00Z","nextLookAt":"2026-01-31T08:00:01Z","missingQueues":[]}}
            """,
        [typeof(ProviderView)] = """
            {"name":"laptop","kind":"local","sweepEvery":"1s","consistencyWindow":"5s","orphanGrace":"30s","launchesPerSecond":20,"launchBurst":50,
             "state":{"healthy":true,"fault":null,"failedSweeps":0,"nextSweepAt":"2026-01-31T08:00:01Z","machines":3,"orphans":0,"launchesInFlight":1,"terminating":0,"withoutCapacity":[]}}
            """,
        [typeof(PoolView)] = """
            {"name":"small","queue":"training","position":0,"provider":"laptop","instances":3,"maxInstances":4,"slots":1,"maxBootTime":"30m","leaseLength":"10m","minimumBilling":"0s",
             "offers":[{"type":"process","zone":"","market":"onDemand","rateMicrosPerHour":500000,"worstRateMicrosPerHour":500000,"gpus":0}],"breaker":null,"blackout":null}
            """,
        [typeof(QueueView)] = """
            {"name":"training","source":"here","budget":"lab","priority":0,"policy":"perTask","minInstances":0,"maxInstances":4,"maxIdleTime":"15m","paused":false,"retired":false,"pools":["small"],
             "instances":{"busy":2,"booting":1},"lastDecision":"3 tasks wait and there are 0 slots idle or booting. Launching 3 in pool small.","decidedAt":"2026-01-31T08:00:00Z"}
            """,
        [typeof(InstanceView)] = $$"""
            {"id":"{{Instance}}","queue":"training","pool":"small","provider":"laptop","budget":"lab","phase":"busy","since":"2026-01-31T08:00:04Z","requestedAt":"2026-01-31T08:00:00Z",
             "leaseUntil":"2026-01-31T08:10:00Z","waiting":null,"nativeId":"4711","offer":{"type":"process","zone":"","market":"onDemand","rateMicrosPerHour":500000,"gpus":0},"attempt":1,"slots":1,
             "tasks":["5f1c"],"startedAt":"2026-01-31T08:00:01Z","registeredAt":"2026-01-31T08:00:03Z","idleSince":null,"endedAt":null,"outcome":null,"because":null,"fault":null,
             "costMicros":0,"settled":false}
            """,
        [typeof(BudgetView)] = """
            {"name":"lab","ledger":"lab","parent":null,"limitMicros":5000000,"window":"day","timeZone":"UTC","maxInstances":null,"maxGpus":null,"alertAt":[80],"whenDry":"drain","retired":false,
             "instances":3,"gpus":0,"waiting":1,
             "current":{"windowStart":"2026-01-31T00:00:00Z","windowEnd":"2026-02-01T00:00:00Z","heldMicros":250002,"spentMicros":1200000,"leftMicros":3549998}}
            """,
        [typeof(EntryView)] = $$"""
            {"id":"812.0","at":"2026-01-31T08:00:00Z","kind":"granted","budget":"lab","ledger":"lab","windowStart":"2026-01-31T00:00:00Z","instance":"{{Instance}}","queue":"training","pool":"small",
             "heldMicros":83334,"spentMicros":0,"heldAfterMicros":250002,"spentAfterMicros":1200000,
             "sentence":"Instance {{Instance}} was granted 10 min until 08:10:00 UTC, held at $0.50/h."}
            """,
        [typeof(ExplanationView)] = """
            {"queue":"training","at":"2026-01-31T08:00:05Z","sentences":["In queue training 1 task waits, for 5 s, and 3 tasks run on its instances."],
             "text":"In queue training 1 task waits, for 5 s, and 3 tasks run on its instances."}
            """,
        [typeof(ChangeEventView)] = $$"""
            {"id":813,"topic":"instance","queue":"training","subject":"{{Instance}}","at":"2026-01-31T08:00:00Z","what":"lease-granted","sentence":"Its time is prepaid until 08:10:00 UTC."}
            """,
        [typeof(AppliedView)] = """
            {"revision":4,"applied":true,"dryRun":false,"changes":[{"kind":"changed","subject":"pool","name":"small","field":"maxInstances","before":"4","after":"6",
             "sentence":"pool small: maxInstances changes from 4 to 6."}]}
            """,
        [typeof(HealthView)] = """
            {"status":"unready","reasons":[{"check":"journal","reason":"The journal takes no writes: disk full"}]}
            """,
        [typeof(ProblemDetails)] = """
            {"type":"urn:controlplane:problem:not-found","title":"No such queue","status":404,"detail":"There is no queue 'trainign'."}
            """,
    };

    public static void Describe(OpenApiOptions options)
    {
        options.AddDocumentTransformer((document, _, _) =>
        {
            document.Info = new OpenApiInfo
            {
                Title = "ControlPlane",
                Version = "v1",
                Description = "Scales compute for task queues, on prepaid money. Lists are paged: pass 'next' as 'after'. Refusals are RFC 9457 problems. Money is in micro-dollars, times are UTC.",
            };
            document.Servers = [];
            return Task.CompletedTask;
        });
        options.AddSchemaTransformer((schema, context, _) =>
        {
            if (context.JsonPropertyInfo is null && Examples.TryGetValue(context.JsonTypeInfo.Type, out var example))
                schema.Examples = [JsonNode.Parse(example)!];
            return Task.CompletedTask;
        });
    }

    /// <summary>The page brings its script along: nothing is loaded from elsewhere.</summary>
    public static void Show(ScalarOptions options)
    {
        options.Title = "ControlPlane";
        options.OpenApiRoutePattern = "/openapi/{documentName}.json";
        options.DefaultFonts = false;
        options.Telemetry = false;
    }
}
