using System.Reflection.Metadata;
using System.Reflection.PortableExecutable;

namespace ControlPlane.House.Tests;

/// <summary>Rules about the compiled product.</summary>
public sealed class TypeTests
{
    // Each with its reason. Top-level statements make a class that cannot be sealed.
    private static readonly HashSet<string> MayBeOpen = ["Program"];

    [Fact]
    public void Classes_AreSealedOrAbstract() => HouseRule.Holds(
        "A class is sealed until someone needs otherwise; then it is abstract. An open class promises what nobody has thought of.",
        from type in Product.Types
        where type is { IsClass: true, IsSealed: false, IsAbstract: false } && !MayBeOpen.Contains(type.FullName!)
        select type.FullName!);

    [Theory]
    [InlineData("Task", "get_Result")]
    [InlineData("Task", "Wait")]
    [InlineData("Task", "WaitAll")]
    [InlineData("Task", "WaitAny")]
    [InlineData("ValueTask", "get_Result")]
    public void Threads_AreNotBlockedOnTasks(string type, string member) => HouseRule.Holds(
        $"{type}.{member} blocks a thread until a task ends, and a few of them starve the pool: await it, or send its result to yourself.",
        from floor in Repository.Floors
        where MembersUsedBy(floor).Contains((type, member))
        select $"{floor.AssemblyName} uses {type}.{member}; look for it in src/{floor.Name}");

    [Fact]
    public void MembersUsed_AreRead() =>
        Assert.Contains(("DateTimeOffset", "ToUnixTimeMilliseconds"), MembersUsedBy(Repository.Floors.Single(f => f.Name == "Domain")));

    // As compiled, so that no alias, extension or generated code hides it: every member of another assembly that is called anywhere.
    private static HashSet<(string Type, string Member)> MembersUsedBy(Project floor)
    {
        using var file = new PEReader(File.OpenRead(Product.AssemblyOf(floor).Location));
        var metadata = file.GetMetadataReader();
        return
        [
            .. from handle in metadata.MemberReferences
               let member = metadata.GetMemberReference(handle)
               select (TypeName(metadata, member.Parent), metadata.GetString(member.Name)),
        ];
    }

    private static string TypeName(MetadataReader metadata, EntityHandle handle)
    {
        switch (handle.Kind)
        {
            case HandleKind.TypeReference:
                return metadata.GetString(metadata.GetTypeReference((TypeReferenceHandle)handle).Name).Split('`')[0];
            case HandleKind.TypeSpecification:
                var signature = metadata.GetBlobReader(metadata.GetTypeSpecification((TypeSpecificationHandle)handle).Signature);
                if (signature.ReadSignatureTypeCode() == SignatureTypeCode.GenericTypeInstance)
                {
                    // Class or value type; which of them does not matter here.
                    signature.ReadCompressedInteger();
                    return TypeName(metadata, signature.ReadTypeHandle());
                }

                return "";
            default:
                return "";
        }
    }
}
