using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using ControlPlane.Domain.Pools;

namespace ControlPlane.Providers.Bootstrap;

/// <summary>Writes the clearml.conf of an agent. Its form is HOCON, whose quoted texts are those of JSON.</summary>
internal static class AgentConf
{
    public static string Write(ClearMlServer server, string accessKey, string secretKey, string? gitUser, string? gitToken, string more)
    {
        var text = new StringBuilder("api {\n");
        Line("  api_server", server.Api);
        Line("  web_server", server.Web);
        Line("  files_server", server.Files);
        text.Append("  credentials { \"access_key\": ").Append(Quoted(accessKey)).Append(", \"secret_key\": ").Append(Quoted(secretKey)).Append(" }\n}\n");
        Line("agent.git_user", gitUser);
        Line("agent.git_pass", gitToken);

        // Of two values the later holds, so the pool's own lines come last.
        return text.Append(more).Append(more.Length == 0 || more.EndsWith('\n') ? "" : "\n").ToString();

        void Line(string key, string? value)
        {
            if (value is not null)
                text.Append(key).Append(": ").Append(Quoted(value)).Append('\n');
        }
    }

    private static string Quoted(string value) => $"\"{JsonEncodedText.Encode(value, JavaScriptEncoder.UnsafeRelaxedJsonEscaping)}\"";
}
