import path from 'node:path';
import { globPattern, imageOf, type Copy, type Image } from './image.ts';

/** Where the `COPY` lines of an image put a file of the project; no place when none brings it. */
export function placesInImage(image: Image, file: string, depth = 0): string[] {
  return image.copies.flatMap((copy) =>
    copy.sources.flatMap((source) => placesOfCopy(image, copy, source, file, depth)),
  );
}

function placesOfCopy(image: Image, copy: Copy, source: string, file: string, depth: number): string[] {
  if (/[$]/.test(source + copy.destination)) return [];
  const into = copy.destination.replace(/(?<=.)\/$/, '');
  if (copy.from !== undefined) {
    const name = copy.from.toLowerCase();
    const stage = image.dockerfile.stages.find(
      (candidate) => candidate.name === name || String(candidate.index) === name,
    );
    if (!stage || depth > 8) return [];
    const from = path.posix.resolve('/', source);
    const other = imageOf(image.dockerfile, stage, image.build, image.context);
    return placesInImage(other, file, depth + 1).flatMap((place) =>
      from === '/' || place.startsWith(`${from}/`)
        ? [path.posix.join(into, place.slice(from === '/' ? 0 : from.length))]
        : place === from
          ? [copy.destination.endsWith('/') ? path.posix.join(into, path.posix.basename(place)) : into]
          : [],
    );
  }
  if (image.context.lacks(file) !== undefined) return [];
  const root = path.posix.normalize(path.posix.join(image.context.folder, path.posix.join('/', source)));
  const clean = root.replace(/(?<=.)\/$/, '');
  const parents = file.split('/').map((_, index, parts) => parts.slice(0, index + 1).join('/'));
  const isGlob = /[*?[]/.test(clean);
  const matched =
    clean === '.' ? '.' : parents.find((each) => (isGlob ? globPattern(clean).test(each) : each === clean));
  if (matched === undefined) return [];
  if (matched !== file) return [path.posix.join(into, matched === '.' ? file : file.slice(matched.length + 1))];
  const isFolder = copy.destination.endsWith('/') || isGlob || copy.sources.length > 1;
  return [isFolder ? path.posix.join(into, path.posix.basename(file)) : into];
}
