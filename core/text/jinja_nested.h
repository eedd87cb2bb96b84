// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/text/jinja_interpreter.h"

#include <utility>

namespace bwla::jinja {

/// One step into a statement or expression: pays for it, limits recursion and keeps the line.
/// After a Failure line() stays where that was thrown.
class Interpreter::Nested {
public:
    Nested(Interpreter& interpreter, int line)
        : interpreter_(interpreter), outerLine_(std::exchange(interpreter.line_, line)),
          exceptions_(std::uncaught_exceptions()) {
        interpreter_.runtime_.spend(stepBytes);
        if (++interpreter_.depth_ > maxDepth)
            throw Failure{"the template calls itself too often"};
    }
    ~Nested() {
        --interpreter_.depth_;
        if (std::uncaught_exceptions() == exceptions_)
            interpreter_.line_ = outerLine_;
    }
    Nested(const Nested&) = delete;
    Nested& operator=(const Nested&) = delete;

private:
    static constexpr std::size_t stepBytes = 32; // 4 million steps, about a second
    // An expression of maximal length inside of blocks of maximal depth fits; of the thread's stack
    // this takes about 1 MB, 4 MB under AddressSanitizer.
    static constexpr int maxDepth = 700;

    Interpreter& interpreter_;
    int outerLine_;
    int exceptions_;
};

} // namespace bwla::jinja
