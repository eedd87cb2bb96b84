// SPDX-License-Identifier: GPL-3.0-or-later
#include "ui/widgets/worker.h"

namespace bwla::ui {

Worker::~Worker() {
    cancel();
    thread_.request_stop();
}

void Worker::post(Work work) {
    {
        const std::lock_guard lock(mutex_);
        waiting_.push_back(std::move(work));
    }
    changed_.notify_one();
    if (!thread_.joinable())
        thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
}

void Worker::cancel() {
    const std::lock_guard lock(mutex_);
    waiting_.clear();
    current_.request_stop();
}

void Worker::run(const std::stop_token& stop) {
    while (true) {
        Work work;
        std::stop_token stopWork;
        {
            std::unique_lock lock(mutex_);
            if (!changed_.wait(lock, stop, [this] { return !waiting_.empty(); }))
                return;
            work = std::move(waiting_.front());
            waiting_.pop_front();
            current_ = {};
            stopWork = current_.get_token();
        }
        if (std::function<void()> done = work(stopWork))
            QMetaObject::invokeMethod(this, std::move(done), Qt::QueuedConnection);
    }
}

} // namespace bwla::ui
