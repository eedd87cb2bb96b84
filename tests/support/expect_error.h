// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/error.h"
#include "core/error_text.h"

#include <QTest>

#include <optional>
#include <string>

namespace bwla::test {

/// The Error that `action` throws; none, or anything else thrown, fails the test by itself.
template<class Action>
std::optional<Error> errorOf(Action action) {
    try {
        (void)action();
    } catch (const Error& error) {
        return error;
    }
    return std::nullopt;
}

/// What a person reads must name the culprit, in one or two sentences that end with a full stop.
inline bool names(const Error& error, const std::string& culprit) {
    const std::string text = sentence(error);
    const bool good = text.find(culprit) != std::string::npos && text.ends_with('.') &&
                      text.find('\n') == std::string::npos;
    if (!good)
        qWarning("\"%s\" does not name \"%s\"", text.c_str(), culprit.c_str());
    return good;
}

inline bool is(const std::optional<Error>& error, ErrorCode code) {
    if (error && error->code == code)
        return true;
    qWarning("wanted %s, got %s", Error::errorCodeName(code),
             error ? sentence(*error).c_str() : "no error");
    return false;
}

} // namespace bwla::test

/// Asserts code and culprit of the Error that an expression throws; `CULPRIT` must be in its
/// sentence.
#define EXPECT_ERROR(EXPRESSION, CODE, CULPRIT)                                                    \
    do {                                                                                           \
        const auto error_ = bwla::test::errorOf([&] { return EXPRESSION; });                       \
        QVERIFY(bwla::test::is(error_, bwla::ErrorCode::CODE));                                    \
        QVERIFY(bwla::test::names(*error_, CULPRIT));                                              \
    } while (false)
