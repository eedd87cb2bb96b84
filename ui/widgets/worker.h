// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include <QObject>

#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <stop_token>
#include <thread>

namespace bwla::ui {

/// A thread of its own that does one task after another, for reading files and the like: work that
/// must not hold up the window and is no Job. Methods: window thread. Destroying it stops the task
/// in work, drops the others, and waits.
class Worker : public QObject {
    Q_OBJECT

public:
    using QObject::QObject;
    ~Worker() override;

    /// `work` runs on the worker and returns what to call on the window's thread afterwards (may be
    /// empty); that is dropped once the worker is gone. Nothing may be thrown.
    using Work = std::function<std::function<void()>(const std::stop_token&)>;
    void post(Work work);
    /// Stops the task in work and drops the waiting ones.
    void cancel();

private:
    void run(const std::stop_token& stop);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Work> waiting_;
    std::stop_source current_;
    std::jthread thread_; ///< last: joined first
};

} // namespace bwla::ui
