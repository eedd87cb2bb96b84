// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace bwla {

/// What a kernel or a backend can report. Closed: callers may switch over it.
enum class KernelErrorCode {
    badShape,        ///< operands do not fit together; a programming error of the caller
    unsupported,     ///< this backend has no kernel for the request
    unknownOverride, ///< an environment variable names a level or device that does not exist here
    outOfMemory,     ///< host or device memory could not be had
    deviceLost,      ///< the device stopped answering; everything uploaded to it is gone
    wrongResult,     ///< a kernel disagreed with its scalar twin and was disabled
};

/// The one exception type of bwla_kernels. `subject` names the culprit (kernel, variable, device).
class KernelError : public std::runtime_error {
public:
    KernelError(KernelErrorCode code, std::string subject, const std::string& detail)
        : std::runtime_error(subject + ": " + detail), code_(code), subject_(std::move(subject)) {}

    [[nodiscard]] KernelErrorCode code() const noexcept { return code_; }
    [[nodiscard]] const std::string& subject() const noexcept { return subject_; }

private:
    KernelErrorCode code_;
    std::string subject_;
};

} // namespace bwla
