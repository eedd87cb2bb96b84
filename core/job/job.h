// SPDX-License-Identifier: GPL-3.0-or-later
//
// One life cycle for every long action (quantize, evaluate, chat, benchmark): settings are copied
// in, work is private, finished values come out. The command line prints the events, the window
// queues them to its own thread, tests collect them.
#pragma once

#include "core/error.h"
#include "kernels/kernel_error.h"

#include <exception>
#include <functional>
#include <new>
#include <optional>
#include <stop_token>
#include <string>

namespace bwla {

/// Thrown by work that noticed its stop_token; runJob turns it into State::cancelled.
struct Cancelled : std::exception {
    [[nodiscard]] const char* what() const noexcept override { return "cancelled"; }
};

inline void throwIfStopped(const std::stop_token& stop) {
    if (stop.stop_requested())
        throw Cancelled();
}

/// What a progress bar needs. fraction in 0..1 over the whole job.
struct Progress {
    std::string phase;       ///< "calibrate", "fit", "write": stable names, not prose
    std::string step;        ///< "attn_in: flips", may be empty
    std::int64_t block = -1; ///< decoder block, -1 where the notion does not apply
    std::int64_t blocks = 0;
    double fraction = 0.0;
    double etaSeconds = -1.0;       ///< -1 = not known yet
    double etaSpreadSeconds = -1.0; ///< half width
};

template<class Event>
using Sink = std::function<void(const Event&)>;

template<class Settings, class Event, class Result>
class Job {
public:
    virtual ~Job() = default;
    /// Blocks until done. Throws Cancelled, Error or KernelError. Events arrive on this thread.
    virtual Result run(const Settings& settings, const Sink<Event>& sink, std::stop_token stop) = 0;
};

template<class Result>
struct Outcome {
    enum class State { succeeded, failed, cancelled };
    State state = State::failed;
    std::optional<Result> result; ///< when succeeded
    std::optional<Error> error;   ///< when failed
};

/// The boundary at which exceptions become values: what a thread's entry point calls.
template<class Settings, class Event, class Result>
Outcome<Result> runJob(Job<Settings, Event, Result>& job, const Settings& settings,
                       const Sink<Event>& sink, std::stop_token stop) {
    using State = typename Outcome<Result>::State;
    Outcome<Result> outcome;
    try {
        outcome.result = job.run(settings, sink, stop);
        outcome.state = State::succeeded;
    } catch (const Cancelled&) {
        outcome.state = State::cancelled;
    } catch (const Error& error) {
        outcome.error = error;
    } catch (const KernelError& error) {
        outcome.error = Error(error.code() == KernelErrorCode::outOfMemory ? ErrorCode::outOfMemory
                                                                           : ErrorCode::backend)
                            .because(error.what());
    } catch (const std::bad_alloc&) {
        outcome.error = Error(ErrorCode::outOfMemory);
    } catch (const std::exception& error) {
        outcome.error = Error(ErrorCode::backend).because(error.what());
    }
    return outcome;
}

} // namespace bwla
