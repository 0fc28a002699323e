import type { ServiceContext } from "./buildService";
import { own } from "./own";
import type { FileMount } from "./project";
import type { WrittenService } from "./schema/service";
import { Wrong } from "./schema/values";

/** What stands in a file of `configs` or `secrets`, and whether nobody else may know it. */
export interface FileContent {
    content: Buffer;
    secret: boolean;
}

/** The configs and secrets of a service. */
export function fileMounts(service: WrittenService, context: ServiceContext): FileMount[] {
    const read = (section: "configs" | "secrets", folder: string): FileMount[] =>
        service[section].flatMap(({ source, target = source, ...rest }, i) => {
            const content = section === "configs" ? configContent(source, context) : secretContent(source, context);
            if (content instanceof Wrong) {
                context.report(["services", context.name, section, i], content.message);
                return [];
            }
            return [
                { section, source, target: target.startsWith("/") ? target : folder + target, ...rest, ...content },
            ];
        });
    return [...read("configs", "/"), ...read("secrets", "/run/secrets/")];
}

function configContent(source: string, { written, files, variables }: ServiceContext): FileContent | Wrong {
    const config = own(written.configs, source);
    if (!config) return new Wrong(`there is no config ${source}; write it below configs at the top level`);
    if (config.content !== undefined) return { content: Buffer.from(config.content), secret: false };
    if (config.environment !== undefined) return fromVariable(config.environment, variables);
    const content = files.content(config.file ?? "");
    return content instanceof Wrong ? content : { content, secret: false };
}

/** A secret of the top level, or, without one of this name, of the stack. */
export function secretContent(
    source: string,
    { written, secrets, files, variables }: Pick<ServiceContext, "written" | "secrets" | "files" | "variables">,
): FileContent | Wrong {
    const secret = own(written.secrets, source);
    if (secret?.environment !== undefined) return fromVariable(secret.environment, variables);
    if (secret?.file !== undefined) {
        const content = files.content(secret.file);
        return content instanceof Wrong ? content : { content, secret: true };
    }
    const name = secret?.name ?? source;
    const value = own(secrets, name);
    if (value !== undefined) return { content: Buffer.from(value), secret: true };
    return new Wrong(
        `there is no secret ${name}; write it below secrets at the top level, or set it: ` +
            `./scripts/pulumi config set --secret --path 'berth:secrets["${name}"]'`,
    );
}

function fromVariable(name: string, variables: ServiceContext["variables"]): FileContent | Wrong {
    const found = variables(name);
    if (found) return { content: Buffer.from(found.value), secret: true };
    return new Wrong(`the variable ${name} is missing; set it in your shell, in .env, or as berth:secrets.${name}`);
}
