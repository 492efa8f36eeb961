using System.Diagnostics;
using System.Xml.Linq;

namespace ControlPlane.House.Tests;

/// <summary>A file of the repository. <paramref name="Path"/> is relative to its root, with slashes.</summary>
internal sealed record RepositoryFile(string Path)
{
    public string FullPath => System.IO.Path.Combine(Repository.Root, Path);

    public string Name => System.IO.Path.GetFileName(Path);

    /// <summary>Names of the folders that it lies in, outermost first.</summary>
    public IReadOnlyList<string> Folders => Path.Split('/')[..^1];

    public string Read() => File.ReadAllText(FullPath);

    public bool IsIn(params IReadOnlyList<string> tops) => Folders is [var top, ..] && tops.Contains(top);

    public override string ToString() => Path;
}

/// <summary>A project of the repository.</summary>
internal sealed record Project(RepositoryFile File)
{
    private readonly XDocument document = XDocument.Load(File.FullPath);

    /// <summary>The folder's name, which is the floor's name under <c>src</c>.</summary>
    public string Name => File.Folders[^1];

    public string Folder => string.Join('/', File.Folders);

    public string RootNamespace => document.Descendants("RootNamespace").Single().Value;

    public string AssemblyName => document.Descendants("AssemblyName").Single().Value;

    public IEnumerable<XElement> Packages => document.Descendants("PackageReference");

    /// <summary>Projects that it compiles against, relative to the root.</summary>
    public IEnumerable<string> References => document.Descendants("ProjectReference")
        .Where(r => (string?)r.Attribute("ReferenceOutputAssembly") != "false")
        .Select(r => Path.GetRelativePath(Repository.Root, Path.GetFullPath(Path.Combine(Repository.Root, Folder, (string)r.Attribute("Include")!))));
}

internal static class Repository
{
    public static string Root { get; } = FindRoot();

    /// <summary>Every file that is, or is about to be, under version control.</summary>
    public static IReadOnlyList<RepositoryFile> Files { get; } = ListFiles();

    public static IReadOnlyList<Project> Projects { get; } = NotEmpty(Files.Where(f => f.Path.EndsWith(".csproj")).Select(f => new Project(f)), "projects");

    /// <summary>The five floors.</summary>
    public static IReadOnlyList<Project> Floors { get; } = NotEmpty(Projects.Where(p => p.File.IsIn("src")), "projects in src");

    public static IReadOnlyList<RepositoryFile> SourcesIn(params IReadOnlyList<string> tops) =>
        NotEmpty(Files.Where(f => f.Path.EndsWith(".cs") && f.IsIn(tops)), $"C# files in {string.Join(", ", tops)}");

    public static IReadOnlyList<RepositoryFile> Documents { get; } =
        NotEmpty(Files.Where(f => f.Path.EndsWith(".md") && (f.Folders.Count == 0 || f.IsIn("docs", "samples", "deploy"))), "documents");

    private static string FindRoot()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "ControlPlane.sln")))
            {
                return folder.FullName;
            }
        }

        throw new InvalidOperationException($"No ControlPlane.sln above {AppContext.BaseDirectory}: run the tests from inside the repository.");
    }

    // An unpacked archive has no .git; there every file counts that a build does not make.
    private static IReadOnlyList<RepositoryFile> ListFiles()
    {
        var paths = Path.Exists(Path.Combine(Root, ".git"))
            ? Git("ls-files", "-z", "--cached", "--others", "--exclude-standard").Split('\0', StringSplitOptions.RemoveEmptyEntries)
            : Directory.EnumerateFiles(Root, "*", SearchOption.AllDirectories)
                .Select(f => Path.GetRelativePath(Root, f).Replace('\\', '/'))
                .Where(f => !f.Split('/')[..^1].Any(folder => folder is "artifacts" or "data" or "bin" or "obj" or ".vs" or ".idea"));
        return NotEmpty(paths.Where(p => File.Exists(Path.Combine(Root, p))).Order(StringComparer.Ordinal).Select(p => new RepositoryFile(p)), "files");
    }

    private static string Git(params IReadOnlyList<string> arguments)
    {
        // The checkout may belong to another account than the one that tests it.
        using var git = Process.Start(new ProcessStartInfo("git", ["-C", Root, "-c", "safe.directory=*", .. arguments])
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        })!;
        var errors = git.StandardError.ReadToEndAsync();
        var output = git.StandardOutput.ReadToEnd();
        git.WaitForExit();
        return git.ExitCode == 0 ? output : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {errors.GetAwaiter().GetResult()}");
    }

    // A rule about nothing always holds; so nothing is a fault of the test.
    private static IReadOnlyList<T> NotEmpty<T>(IEnumerable<T> things, string what)
    {
        IReadOnlyList<T> all = [.. things];
        return all.Count > 0 ? all : throw new InvalidOperationException($"Found no {what} in {Root}.");
    }
}
