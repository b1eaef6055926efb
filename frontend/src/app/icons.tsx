/** Small pictures, drawn in the colour of the text beside them; a screen reader passes over them. */
function icon(path: string) {
  return function Icon() {
    return (
      <svg width="20" height="20" viewBox="0 0 20 20" aria-hidden focusable={false}>
        <path
          d={path}
          fill="none"
          stroke="currentColor"
          strokeWidth="1.7"
          strokeLinecap="round"
          strokeLinejoin="round"
        />
      </svg>
    );
  };
}

export const AddIcon = icon('M10 4v12M4 10h12');
export const EditIcon = icon('M4 16v-3l9-9 3 3-9 9zM11 6l3 3');
export const DeleteIcon = icon('M4 6h12M8 6V4h4v2M6 6l.7 10h6.6L14 6M8.7 9v4.5M11.3 9v4.5');
export const CloseIcon = icon('M5 5l10 10M15 5L5 15');
export const MenuIcon = icon('M3 6h14M3 10h14M3 14h14');
export const SunIcon = icon(
  'M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7M10 1.5v2M10 16.5v2M1.5 10h2M16.5 10h2M4 4l1.4 1.4M14.6 14.6L16 16M4 16l1.4-1.4M14.6 5.4L16 4',
);
export const MoonIcon = icon('M16.5 11.8A7 7 0 0 1 8.2 3.5a7 7 0 1 0 8.3 8.3z');
