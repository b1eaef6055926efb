import Box from '@mui/material/Box';
import { memo } from 'react';
import { letterOf, lostMark, markOf } from './marks.ts';
import type { Square } from './observations.ts';
import { useWords } from './use-words.ts';

/** How many squares stand in a column: at ten requests per second a column is a second. */
const perColumn = 10;
const size = 26;
const gap = 4;

/**
 * One square for each request, the newest column on the left. It is for the eye: the lists of pods and events tell the
 * same in words.
 */
export function AnswerGrid({ squares, versions }: { squares: Square[]; versions: string[] }) {
  const columns = Object.groupBy(squares, ({ id }) => -Math.floor(id / perColumn));
  return (
    <Box
      aria-hidden
      sx={{
        display: 'flex',
        gap: `${gap}px`,
        height: perColumn * (size + gap) - gap,
        overflow: 'hidden',
        // The oldest fade away.
        maskImage: 'linear-gradient(to left, transparent, #000 64px)',
      }}
    >
      {Object.entries(columns)
        .sort(([a], [b]) => Number(a) - Number(b))
        .map(([column, inColumn = []]) => (
          <Column key={column} squares={inColumn} versions={versions} />
        ))}
    </Box>
  );
}

interface ColumnProps {
  squares: Square[];
  versions: string[];
}

const Column = memo(
  function Column({ squares, versions }: ColumnProps) {
    const t = useWords();
    return (
      <Box sx={columnStyle}>
        {squares.toReversed().map((square) =>
          'failure' in square ? (
            <span key={square.id} title={t.lostBecause(t.reason(square.failure))} style={lostMark}>
              ✕
            </span>
          ) : (
            <span
              key={square.id}
              title={t.answeredBy(letterOf(square.pod), versions[square.version] ?? '')}
              style={markOf(square.pod, square.version)}
            >
              {letterOf(square.pod)}
            </span>
          ),
        )}
      </Box>
    );
  },
  // Squares are added to a column, and taken away at its end: they never change.
  (before, after) => before.squares.length === after.squares.length && before.versions.length === after.versions.length,
);

const columnStyle = {
  flex: 'none',
  display: 'flex',
  flexDirection: 'column',
  gap: `${gap}px`,
  width: size,
  '& span': {
    display: 'grid',
    placeItems: 'center',
    height: size,
    fontSize: '0.8125rem',
    fontWeight: 700,
    lineHeight: 1,
  },
} as const;
