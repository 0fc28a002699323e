import { leadingOptions } from "../../scripts/lib/leadingOptions";
import { splitStack } from "../../scripts/lib/stack";
import { qualifiedName, readStackName, withQualifiedNames } from "../../scripts/lib/stackName";

test.each(["prod", "acme/prod", "organization/berth/prod"])("%s is the stack prod", (text) => {
    expect(readStackName(text, "berth")).toBe("prod");
    expect(splitStack(["-s", text], {}).stack).toBe("prod");
    expect(splitStack([`--stack=${text}`], {}).stack).toBe("prod");
    expect(splitStack([], { PULUMI_STACK: text })).toMatchObject({ stack: "prod", named: true });
    expect(leadingOptions(["-s", text, "ps"], {})).toMatchObject({ stack: "prod", rest: ["ps"] });
});

test("Pulumi is asked for a stack by the name that the person wrote", () => {
    readStackName("acme/berth/shop", "berth");
    expect(qualifiedName("shop")).toBe("acme/berth/shop");
    expect(qualifiedName("other")).toBe("other");
    expect(withQualifiedNames(["stack", "export", "--stack", "shop"])).toEqual([
        ...["stack", "export", "--stack", "acme/berth/shop"],
    ]);
    expect(withQualifiedNames(["stack", "init", "shop", "--no-select"])[2]).toBe("acme/berth/shop");
    expect(withQualifiedNames(["config", "set", "shop", "x"])).toEqual(["config", "set", "shop", "x"]);
});

test("a stack of another project is refused, with both projects and what to write", () => {
    expect(() => readStackName("organization/shop/prod", "berth")).toThrow(
        "organization/shop/prod is a stack of the project shop; this one is berth (Pulumi.yaml): write organization/berth/prod",
    );
});

test.each(["", "/prod", "a/b/c/d", "../prod", "organization/berth/", "organization//prod", "a b"])(
    "%j is no name",
    (text) => expect(() => readStackName(text, "berth")).toThrow(/is not the name of a stack.*ORGANIZATION\/berth\//),
);

test("an empty PULUMI_STACK names no stack", () => {
    expect(splitStack([], { PULUMI_STACK: "" })).toEqual({ stack: "local", named: false, rest: [] });
});
