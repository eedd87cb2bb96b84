// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stop_token>

namespace bwla {

/// Ctrl+C (and SIGTERM) as a stop_token: the first one asks the running work to stop, a second one
/// ends the program at once. Call watchInterrupts() before any other thread exists.
void watchInterrupts();

/// A token for the work that begins now. While none is running, after endOfWork(), Ctrl+C ends the
/// program at once.
[[nodiscard]] std::stop_token beginWork();
void endOfWork();

} // namespace bwla
