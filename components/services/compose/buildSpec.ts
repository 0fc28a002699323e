import * as fs from "node:fs";
import * as path from "node:path";
import type { ServiceContext } from "./buildService";
import { secretContent } from "./fileMounts";
import type { BuildSpec } from "./project";
import type { WrittenBuild } from "./schema/build";
import { Wrong } from "./schema/values";

/** What the host fetches itself, or finds there: a repository, an archive, another image. */
const REMOTE = /^([a-z][a-z0-9+.-]*:\/\/|git@|github\.com\/)/;
const OF_BAKE = /^(target|service):/;

const SECRET_ARG =
    "a build argument is kept in the image, and a value of berth:secrets would not stay secret there; give it by the " +
    "build's secrets";

/** A build in the model's words; what is wrong is reported. */
export function buildSpec(build: WrittenBuild, context: ServiceContext): BuildSpec {
    const { name, files, variables } = context;
    const at = (...rest: (string | number)[]) => ["services", name, "build", ...rest];
    const place = (source: string, ...where: string[]): { local: string } | { remote: string } => {
        if (OF_BAKE.test(source)) {
            context.report(at(...where), "each image is built by itself; name a folder, or docker-image://IMAGE");
            return { remote: source };
        }
        if (REMOTE.test(source)) return { remote: source };
        const folder = files.folder(source);
        if (!(folder instanceof Wrong)) return { local: folder };
        context.report(at(...where), folder.message);
        return { local: files.absolute(source) };
    };
    const { dockerfile_inline, dockerfile } = build;
    const main = place(build.context, "context");
    if (dockerfile !== undefined && dockerfile_inline !== undefined) {
        context.report(at("dockerfile_inline"), "write dockerfile or dockerfile_inline, not both");
    }
    if ("local" in main && dockerfile_inline === undefined && fs.existsSync(main.local)) {
        const file = path.resolve(main.local, dockerfile ?? "Dockerfile");
        if (!fs.existsSync(file))
            context.report(at("dockerfile"), `there is no ${dockerfile ?? "Dockerfile"} in ${build.context}`);
    }
    const args = Object.entries(build.args).flatMap(([key, value]): [string, string][] => {
        const found = value === undefined ? variables(key) : { value, origin: "outside" };
        if (found?.origin === "secret") context.report(at("args", key), SECRET_ARG);
        return found === undefined ? [] : [[key, found.value]];
    });
    const secrets = build.secrets.flatMap(({ source, target }, i): [string, { content: Buffer }][] => {
        const content = secretContent(source, context);
        if (!(content instanceof Wrong)) return [[target, { content: content.content }]];
        context.report(at("secrets", i), content.message);
        return [];
    });
    const contexts = Object.entries(build.additional_contexts).map(([key, source]) => [
        key,
        place(source, "additional_contexts", key),
    ]);
    return {
        ...build,
        context: main,
        args: Object.fromEntries(args),
        secrets: Object.fromEntries(secrets),
        additional_contexts: Object.fromEntries(contexts) as BuildSpec["additional_contexts"],
    };
}
