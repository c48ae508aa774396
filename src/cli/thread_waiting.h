#pragma once

namespace limpid {

/// Threads that wait for work sleep after a few microseconds, unless the environment says otherwise
/// (OMP_WAIT_POLICY, GOMP_SPINCOUNT). By default they spin for milliseconds: on a machine that has other work
/// to do they take the cores from the threads that they wait for, and a run takes ten times as long.
/// libgomp reads the environment before main(), so the program starts itself anew, once.
void let_waiting_threads_sleep(char** argv);

}  // namespace limpid
