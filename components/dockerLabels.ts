/** Labels as the Docker provider takes them. */
export function dockerLabels(labels: Record<string, string>): { label: string; value: string }[] {
    return Object.entries(labels).map(([label, value]) => ({ label, value }));
}
