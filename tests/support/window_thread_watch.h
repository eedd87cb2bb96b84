// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QCoreApplication>
#include <QEvent>
#include <QEventLoop>
#include <QObject>
#include <QTimer>

#include <atomic>
#include <chrono>
#include <ctime>
#include <functional>
#include <thread>

namespace bwla::test {

/// How long a key press would have waited: a thread posts an event to the window's thread every
/// millisecond, as soon as the one before has arrived, and the longest wait for one counts. So it
/// hears single slow handlers as well as many quick ones in a row, painting and layout among them.
class WindowThreadWatch : private QObject {
public:
    struct Longest {
        double waited = 0.0; ///< milliseconds
        double worked = 0.0; ///< of them, on a core: the rest belongs to other programs
        bool finished = false;
    };

    WindowThreadWatch() {
        beating_ = std::jthread([this](const std::stop_token& stop) { beat(stop); });
    }

    /// Runs `action` from the event loop, and the loop until `finished` (asked often, must be
    /// cheap) or `patience` is over.
    Longest during(const std::function<void()>& action, const std::function<bool()>& finished,
                   std::chrono::milliseconds patience = std::chrono::seconds(30)) {
        longest_ = {};
        QEventLoop loop;
        QTimer check;
        bool acted = false;
        int heard = 0; ///< beats when the action was over
        check.setInterval(5);
        QObject::connect(&check, &QTimer::timeout, &loop, [&] {
            // Two beats later: the one that waited for the action has arrived.
            longest_.finished = acted && beats_ >= heard + 2 && finished();
            if (longest_.finished)
                loop.quit();
        });
        QTimer::singleShot(settle, &loop, [&] {
            longest_ = {}; // beats that waited for what came before have arrived
            action();
            acted = true;
            heard = beats_;
        });
        QTimer::singleShot(patience, &loop, &QEventLoop::quit);
        check.start();
        loop.exec();
        return longest_;
    }

private:
    using Clock = std::chrono::steady_clock;
    static constexpr std::chrono::milliseconds settle{20}; ///< beats before the action

    static QEvent::Type beatType() {
        static const auto type = static_cast<QEvent::Type>(QEvent::registerEventType());
        return type;
    }
    static double milliseconds(Clock::duration time) {
        return std::chrono::duration<double, std::milli>(time).count();
    }
    static double threadWork() {
        timespec now{};
        clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
        return static_cast<double>(now.tv_sec) * 1e3 + static_cast<double>(now.tv_nsec) / 1e6;
    }

    void beat(const std::stop_token& stop) {
        while (!stop.stop_requested()) {
            if (!posted_.exchange(true)) {
                sent_ = Clock::now();
                QCoreApplication::postEvent(this, new QEvent(beatType()));
            }
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
        }
    }

    bool event(QEvent* event) override {
        if (event->type() != beatType())
            return QObject::event(event);
        const double waited = milliseconds(Clock::now() - sent_);
        const double work = threadWork();
        if (waited > longest_.waited)
            longest_ = {waited, work - workBefore_, false};
        workBefore_ = work;
        ++beats_;
        posted_ = false;
        return true;
    }

    Longest longest_;
    std::atomic<bool> posted_ = false;
    Clock::time_point sent_; ///< written before posting, read after arrival
    double workBefore_ = 0.0;
    int beats_ = 0;
    std::jthread beating_; ///< last: it uses the others
};

} // namespace bwla::test
