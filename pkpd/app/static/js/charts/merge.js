// Several regimens have their own times; a chart wants one list of times for all its lines.

const SAME = 1e-9; // days; closer times differ by rounding only

/** All times of all lists, in order, each once. */
export function union(lists) {
  if (lists.length === 1) return lists[0];
  let size = 0;
  for (const list of lists) size += list.length;
  const all = new Float64Array(size);
  let filled = 0;
  for (const list of lists) {
    all.set(list, filled);
    filled += list.length;
  }
  all.sort();
  const times = [];
  for (const time of all) {
    if (times.length === 0 || time - times[times.length - 1] > SAME) times.push(time);
  }
  return times;
}

/** Values at other times, on straight lines between neighbours; null before the first and after the last. */
export function resampled(times, values, at) {
  if (times === at) return values;
  const result = new Array(at.length);
  const last = times.length - 1;
  let left = 0;
  for (let i = 0; i < at.length; i++) {
    const x = at[i];
    while (left < last && times[left + 1] <= x + SAME) left++;
    if (x < times[0] - SAME || x > times[last] + SAME) result[i] = null;
    else if (left === last || x - times[left] <= SAME) result[i] = values[left];
    else result[i] = between(times, values, left, x);
  }
  return result;
}

function between(times, values, left, x) {
  const share = (x - times[left]) / (times[left + 1] - times[left]);
  return values[left] + share * (values[left + 1] - values[left]);
}
