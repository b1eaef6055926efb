import type { Remark } from '../findings.ts';
import type { Instance } from '../model.ts';
import type { Place } from '../read/yaml.ts';

/**
 * A package that the code cannot do without, and that the image does not install.
 *
 * @param what needs it, and `look` is what that looks like: each in French and English.
 */
export function missingPackage(
  instance: Instance,
  place: Place,
  what: [string, string],
  name: string,
  look: [string, string],
): Remark {
  return {
    severity: 'error',
    place,
    about: `package ${instance.image?.dockerfile.path ?? ''} ${name}`,
    fr: [
      `${what[0]} a besoin du paquet « ${name} », que l’image n’installe pas.`,
      look[0],
      `Ajoutez « ${name} » aux dépendances (requirements.txt ou pyproject.toml).`,
    ],
    en: [
      `${what[1]} needs the package "${name}", which the image does not install.`,
      look[1],
      `Add "${name}" to the dependencies (requirements.txt or pyproject.toml).`,
    ],
  };
}
