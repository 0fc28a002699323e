import * as fs from "node:fs";
import * as path from "node:path";
import * as ts from "typescript";

/** What a value looks like: a word of the schema's, and what is in it. */
export interface Shape {
    kind: string;
    of?: Shape;
    properties?: Properties;
}

export type Properties = Record<string, { shape: Shape; required: boolean }>;

/** Reads the types that @pulumi/aws declares. */
export class OfficialTypes {
    private readonly files = new Map<string, Map<string, ts.Node>>();

    constructor(private readonly folder: string) {}

    /** The members of an interface such as `KeyPairArgs` in ec2/keyPair.d.ts. */
    interface(file: string, name: string): Properties {
        const found = this.declarations(file).get(name);
        if (!found || !ts.isInterfaceDeclaration(found)) throw new Error(`no interface ${name} in ${file}.d.ts`);
        return this.members(found.members);
    }

    /** The outputs of a resource such as `KeyPair` in ec2/keyPair.d.ts. */
    classMembers(file: string, name: string): Properties {
        const found = this.declarations(file).get(name);
        if (!found || !ts.isClassDeclaration(found)) throw new Error(`no class ${name} in ${file}.d.ts`);
        return this.members(found.members.filter(ts.isPropertyDeclaration));
    }

    /** All that a file declares, by its name with its namespaces, such as `ec2.InstanceMetadataOptions`. */
    private declarations(file: string): Map<string, ts.Node> {
        const known = this.files.get(file);
        if (known) return known;
        const all = new Map<string, ts.Node>();
        const visit = (node: ts.Node, prefix: string): void => {
            if (ts.isModuleDeclaration(node) && node.body) {
                ts.forEachChild(node.body, (child) => visit(child, `${prefix}${node.name.text}.`));
            } else if ((ts.isInterfaceDeclaration(node) || ts.isClassDeclaration(node)) && node.name) {
                all.set(prefix + node.name.text, node);
            }
        };
        const text = fs.readFileSync(path.join(this.folder, `${file}.d.ts`), "utf8");
        ts.forEachChild(ts.createSourceFile(file, text, ts.ScriptTarget.Latest), (child) => visit(child, ""));
        this.files.set(file, all);
        return all;
    }

    private members(members: Iterable<ts.Node>): Properties {
        const all: Properties = {};
        for (const member of members) {
            if (!ts.isPropertySignature(member) && !ts.isPropertyDeclaration(member)) continue;
            if (!ts.isIdentifier(member.name) || !member.type) continue;
            const { shape, optional } = this.shape(member.type);
            all[member.name.text] = { shape, required: !member.questionToken && !optional };
        }
        return all;
    }

    private shape(type: ts.TypeNode): { shape: Shape; optional: boolean } {
        if (ts.isParenthesizedTypeNode(type)) return this.shape(type.type);
        if (ts.isUnionTypeNode(type)) {
            const isUndefined = (t: ts.TypeNode) => t.kind === ts.SyntaxKind.UndefinedKeyword;
            const shapes = type.types.filter((t) => !isUndefined(t)).map((t) => this.shape(t));
            // `string | Role` and `string | enums.ec2.InstanceType` are texts on the wire.
            const text = shapes.find(({ shape }) => shape.kind === "string");
            const { shape, optional } = text ?? shapes[0]!;
            return { shape, optional: optional || type.types.some(isUndefined) };
        }
        if (ts.isTypeReferenceNode(type)) {
            const name = this.nameOf(type.typeName);
            const inner = type.typeArguments?.[0];
            if (/^pulumi\.(Input|Output)$/.test(name) && inner) return this.shape(inner);
            return { shape: this.named(name), optional: false };
        }
        if (ts.isArrayTypeNode(type)) {
            return { shape: { kind: "array", of: this.shape(type.elementType).shape }, optional: false };
        }
        if (ts.isTypeLiteralNode(type)) {
            const index = type.members.find(ts.isIndexSignatureDeclaration);
            if (index) return { shape: { kind: "map", of: this.shape(index.type).shape }, optional: false };
            return { shape: { kind: "object", properties: this.members(type.members) }, optional: false };
        }
        const words: Partial<Record<ts.SyntaxKind, string>> = {
            [ts.SyntaxKind.StringKeyword]: "string",
            [ts.SyntaxKind.NumberKeyword]: "number",
            [ts.SyntaxKind.BooleanKeyword]: "boolean",
        };
        return { shape: { kind: words[type.kind] ?? "any" }, optional: false };
    }

    private nameOf(name: ts.EntityName): string {
        return ts.isIdentifier(name) ? name.text : `${this.nameOf(name.left)}.${name.right.text}`;
    }

    /** What `inputs.ec2.InstanceMetadataOptions` stands for; a name of another kind is of no shape that is compared. */
    private named(name: string): Shape {
        const [, way, rest] = /^(input|output)s\.(.*)$/.exec(name) ?? [];
        const found = way && rest && this.declarations(`types/${way}`).get(rest);
        if (!found || !ts.isInterfaceDeclaration(found)) return { kind: name };
        return { kind: "object", properties: this.members(found.members) };
    }
}
