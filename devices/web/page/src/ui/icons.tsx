// Line icons, 20 by 20, drawn in the text's colour.

import type { JSX } from "preact";

function icon(children: JSX.Element | JSX.Element[]): JSX.Element {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      {children}
    </svg>
  );
}

export const KeyboardIcon = (): JSX.Element =>
  icon([<rect x="2" y="5" width="16" height="10" rx="2" />, <path d="M5 8.2h.01M8.3 8.2h.01M11.7 8.2h.01M15 8.2h.01M6.5 11.8h7" />]);

export const VideoIcon = (): JSX.Element =>
  icon([<path d="M4 6.5h6.5M14.5 6.5H16M4 13.5h1.5M9.5 13.5H16" />, <circle cx="12.5" cy="6.5" r="2" />, <circle cx="7.5" cy="13.5" r="2" />]);

export const SystemIcon = (): JSX.Element =>
  icon([<rect x="3" y="3.5" width="14" height="5.5" rx="1.5" />, <rect x="3" y="11" width="14" height="5.5" rx="1.5" />, <path d="M6 6.2h.01M6 13.8h.01" />]);

export const DiscIcon = (): JSX.Element => icon([<circle cx="10" cy="10" r="7" />, <circle cx="10" cy="10" r="2" />]);

export const SoundIcon = (): JSX.Element => icon(<path d="M3 8v4h3l4 3.500v-11L6 8zM13 7.500a3.500 3.500 0 0 1 0 5M15 5.500a6.500 6.500 0 0 1 0 9" />);

export const PowerIcon = (): JSX.Element => icon(<path d="M10 3v6.500M6.3 5.300a6 6 0 1 0 7.4 0" />);

export const NetworkIcon = (): JSX.Element =>
  icon([<rect x="7.2" y="3" width="5.6" height="4.2" rx="1" />, <rect x="2.7" y="12.800" width="5.6" height="4.2" rx="1" />, <rect x="11.7" y="12.800" width="5.6" height="4.2" rx="1" />, <path d="M10 7.200v2.800M5.500 12.800V10h9v2.800" />]);

export const NodesIcon = (): JSX.Element =>
  icon([<rect x="2.5" y="5" width="6" height="4.6" rx="1" />, <rect x="11.5" y="10.4" width="6" height="4.6" rx="1" />, <path d="M8.500 7.300h6v3.100M11.500 12.700h-6V9.600" />]);

export const TargetsIcon = (): JSX.Element =>
  icon([<rect x="2.7" y="4" width="6.3" height="5" rx="1" />, <rect x="11" y="4" width="6.3" height="5" rx="1" />, <rect x="2.7" y="11" width="6.3" height="5" rx="1" />, <rect x="11" y="11" width="6.3" height="5" rx="1" />]);

export const FullIcon = (): JSX.Element => icon(<path d="M3.5 7.5v-4h4M12.5 3.5h4v4M16.5 12.5v4h-4M7.5 16.5h-4v-4" />);

export const WindowIcon = (): JSX.Element => icon(<path d="M7.5 3.5v4h-4M16.5 7.5h-4v-4M12.5 16.5v-4h4M3.5 12.5h4v4" />);

export const CameraIcon = (): JSX.Element =>
  icon([<path d="M3 7a1.5 1.5 0 0 1 1.5-1.5h2L8 3.7h4l1.5 1.8h2A1.5 1.5 0 0 1 17 7v7.5a1.5 1.5 0 0 1-1.5 1.5h-11A1.5 1.5 0 0 1 3 14.500z" />, <circle cx="10" cy="10.5" r="2.8" />]);

export const CloseIcon = (): JSX.Element => icon(<path d="M5 5l10 10M15 5L5 15" />);

export const BackIcon = (): JSX.Element => icon(<path d="M12 4.500L6.5 10l5.5 5.5" />);

export const PointerIcon = (): JSX.Element => icon(<path d="M5 3l10.5 7-4.7 1-2.3 4.500z" />);

export const ConsoleIcon = (): JSX.Element => icon([<rect x="2.7" y="4" width="14.6" height="12" rx="1.500" />, <path d="M6 8l2.500 2L6 12M10.500 12.500h3.500" />]);

export const Mark = (): JSX.Element => (
  <svg class="mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
    <rect width="32" height="32" rx="7" class="mark-ground" />
    <rect x="6" y="8" width="20" height="13" rx="2" class="mark-line" />
    <path d="M11 25.400h10M11 12l4 2.6-4 2.6" class="mark-line" />
  </svg>
);
