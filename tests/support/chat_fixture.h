// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "studio.h"
#include "tiny_pair.h"
#include "ui/chat/chat_page.h"
#include "ui/chat/chat_pane.h"
#include "ui/chat/composer.h"
#include "wrapped_backend.h"

#include <functional>
#include <memory>

namespace bwla::test {

/// The chat page with a tiny original beside its quantized model; answers have 16 tokens.
class ChatFixture {
protected:
    /// A new window over a new store.
    void open() {
        beforeRun_ = {};
        studio_ = std::make_unique<Studio>();
        studio_->services.newBackend = [this](const EngineChoice&) { return watchedBackend(); };
        TinyModel model;
        model.context = 400;
        writeTinyPair(studio_->root(), model);
        original_ = QString::fromStdString((studio_->root() / "original").string());
        quantized_ = QString::fromStdString((studio_->root() / "quantized").string());
        show();
    }
    /// The window alone, once more.
    void show() {
        studio_->show();
        studio_->bringToFront<ui::ChatPage>();
        page().openChat(original_, quantized_);
        options([](ui::ChatOptions& o) { o.maxTokens = 16; });
    }
    void close() {
        if (studio_)
            studio_->window.reset();
        studio_.reset();
    }
    std::unique_ptr<Backend> watchedBackend(std::optional<BackendInfo> info = std::nullopt) {
        return std::make_unique<WrappedBackend>(
            makeCpuBackend({.threads = 1}),
            [this](const Step& step) {
                if (beforeRun_)
                    beforeRun_(step);
            },
            std::move(info));
    }

    [[nodiscard]] ui::MainWindow* window() const { return studio_->window.get(); }
    [[nodiscard]] ui::ChatPage& page() const { return studio_->page<ui::ChatPage>(); }
    [[nodiscard]] ui::ChatController& chat() const { return page().controller(); }
    [[nodiscard]] const ui::ChatTurn& last() const { return chat().turns().back(); }
    [[nodiscard]] QString textOf(ChatSide side) const {
        return QString::fromStdString(last().answer(side)->text);
    }

    void options(const std::function<void(ui::ChatOptions&)>& change) const {
        ui::ChatOptions options = chat().options();
        change(options);
        chat().setOptions(options);
    }
    void type(const QString& text) const {
        QTest::keyClicks(page().composer()->field(), text);
        QTest::keyClick(page().composer()->field(), Qt::Key_Return);
    }
    [[nodiscard]] bool done() const {
        return QTest::qWaitFor([this] { return !chat().running(); }, 20000);
    }
    /// Types, sends, and waits until everybody has answered.
    [[nodiscard]] bool ask(const QString& text) const {
        const std::size_t before = chat().turns().size();
        type(text);
        return QTest::qWaitFor([&] { return chat().turns().size() > before; }) && done();
    }

    std::unique_ptr<Studio> studio_;
    QString original_, quantized_;
    std::function<void(const Step&)> beforeRun_; ///< on the engine's thread
};

} // namespace bwla::test
