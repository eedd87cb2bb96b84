// SPDX-License-Identifier: GPL-3.0-or-later
#include "app/cli/interrupt.h"

#include <pthread.h>
#include <unistd.h>

#include <csignal>
#include <mutex>
#include <optional>
#include <thread>

namespace bwla {
namespace {

constexpr int exitAfterSignal = 130; // what shells report for a program ended by Ctrl+C

std::mutex mutex;
std::optional<std::stop_source> work;

sigset_t interrupts() {
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGINT);
    sigaddset(&set, SIGTERM);
    return set;
}

void requestStopOrExit() {
    const std::lock_guard lock(mutex);
    if (!work || work->stop_requested())
        _exit(exitAfterSignal);
    work->request_stop();
}

} // namespace

// A stop_source may not be touched from a signal handler, so a thread of its own waits for them.
// The mask is inherited by every thread that starts later.
void watchInterrupts() {
    const sigset_t set = interrupts();
    pthread_sigmask(SIG_BLOCK, &set, nullptr);
    std::thread([set] {
        for (int signal = 0; sigwait(&set, &signal) == 0;)
            requestStopOrExit();
    }).detach();
}

std::stop_token beginWork() {
    const std::lock_guard lock(mutex);
    work.emplace();
    return work->get_token();
}

void endOfWork() {
    const std::lock_guard lock(mutex);
    work.reset();
}

} // namespace bwla
