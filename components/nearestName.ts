import { distance } from "fastest-levenshtein";

/** The known name that was probably meant; capitals, `-`, `_` and spaces do not count. */
export function nearestName(name: string, known: string[]): string | undefined {
    const plain = (text: string) => text.toLowerCase().replace(/[-_ ]/g, "");
    return known
        .map((candidate) => ({ candidate, far: distance(plain(candidate), plain(name)) }))
        .filter(({ candidate, far }) => far <= Math.min(2, Math.floor(Math.min(candidate.length, name.length) / 3)))
        .sort((a, b) => a.far - b.far)[0]?.candidate;
}
