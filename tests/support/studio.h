// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "core/store/database.h"
#include "ui/studio/main_window.h"
#include "ui/theme/theme.h"
#include "ui/widgets/banner.h"

#include <QLabel>
#include <QPushButton>
#include <QTemporaryDir>
#include <QTest>

#include <filesystem>
#include <memory>

namespace bwla::test {

/// A window over a data folder of its own; nothing of the user's is seen or written. The processor
/// computes, with one thread.
struct Studio {
    QTemporaryDir folder;
    Database store{storeIn(folder)};
    ui::Theme theme;
    ui::Services services{
        .theme = theme,
        .store = store,
        .newQuantizeJob = {},
        .newBackend = [](const EngineChoice&) { return makeCpuBackend({.threads = 1}); },
        .engineDevices = [] { return std::vector<EngineDevice>(); }};
    std::unique_ptr<ui::MainWindow> window;

    Studio() { theme.setMode(ui::Theme::Mode::dark); }

    /// The window at the size the pages are drawn for.
    ui::MainWindow& show() {
        window = std::make_unique<ui::MainWindow>(services);
        window->resize(1280, 800);
        window->show();
        activate();
        return *window;
    }
    /// Keys reach an active window only; a closed dialog leaves none behind on this platform.
    void activate() const {
        window->activateWindow();
        (void)QTest::qWaitForWindowActive(window.get());
    }
    template<class P>
    [[nodiscard]] P& page() const {
        return *window->page<P>();
    }
    template<class P>
    P& bringToFront() const {
        window->showPage(static_cast<int>(window->pages().indexOf(&page<P>())));
        return page<P>();
    }
    [[nodiscard]] std::filesystem::path root() const { return folder.path().toStdString(); }
    [[nodiscard]] std::filesystem::path models() const { return root() / "bwla-studio/models"; }

    template<class T>
    T* find(const char* accessibleName) const {
        for (T* widget : window->findChildren<T*>())
            if (widget->accessibleName() == accessibleName)
                return widget;
        return nullptr;
    }
    /// One that is seen, else one that is not.
    [[nodiscard]] QPushButton* button(const QString& text) const {
        QPushButton* hidden = nullptr;
        for (auto* button : window->findChildren<QPushButton*>())
            if (button->text() == text) {
                if (button->isVisible())
                    return button;
                hidden = button;
            }
        return hidden;
    }
    [[nodiscard]] bool offers(const QString& text) const {
        const QPushButton* found = button(text);
        return found != nullptr && found->isVisible();
    }
    /// All that the visible banners say.
    [[nodiscard]] QString banners() const { return seen<ui::Banner>(); }
    /// All that the visible labels say.
    [[nodiscard]] QString text() const { return seen<QLabel>(); }
    [[nodiscard]] bool says(const QString& words, int milliseconds = 5000) const {
        return QTest::qWaitFor([&] { return text().contains(words); }, milliseconds);
    }

private:
    template<class T>
    [[nodiscard]] QString seen() const {
        QString all;
        for (auto* widget : window->findChildren<T*>())
            if (widget->isVisible())
                all += widget->text() + "\n";
        return all;
    }
    static std::filesystem::path storeIn(const QTemporaryDir& folder) {
        qputenv("XDG_DATA_HOME", folder.path().toUtf8());
        qputenv("HF_HUB_CACHE", (folder.path() + "/cache").toUtf8());
        return dataFolder() / "studio.sqlite";
    }
};

} // namespace bwla::test
