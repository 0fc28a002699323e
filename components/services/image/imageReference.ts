/** The parts of `[REGISTRY/]PATH[:TAG][@DIGEST]`. */
export interface ImageReference {
    /** Registry and path, as written: `nginx`, `ghcr.io/me/app`. */
    repository: string;
    tag?: string;
    /** `sha256:` and 64 hexadecimal digits */
    digest?: string;
}

const DOMAIN = /(?:(?:localhost|[a-zA-Z0-9-]+(?:\.[a-zA-Z0-9-]+)+|[a-zA-Z0-9-]+(?=:\d))(?::\d{1,5})?)/.source;
const COMPONENT = /[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*/.source;
const REFERENCE = new RegExp(
    `^((?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*)(?::([a-zA-Z0-9_][a-zA-Z0-9_.-]{0,127}))?(?:@(sha256:[a-f0-9]{64}))?$`,
);

/**
 * @returns the parts, or undefined when it is not an image reference
 * @see https://github.com/distribution/reference (the grammar)
 */
export function parseImageReference(text: string): ImageReference | undefined {
    const match = REFERENCE.exec(text);
    if (!match?.[1] || match[1].length > 255) return undefined;
    return { repository: match[1], tag: match[2], digest: match[3] };
}
