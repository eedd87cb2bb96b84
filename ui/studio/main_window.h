// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/studio/page.h"
#include "ui/studio/services.h"

#include <QMainWindow>
#include <QStackedWidget>

namespace bwla::ui {

class Banner;
class Header;
class Rail;
class StatusStrip;

/// Rail, header, one page in front, status strip; carries the pages' requests from one to another.
class MainWindow : public QMainWindow {
    Q_OBJECT

public:
    explicit MainWindow(Services& services, QWidget* parent = nullptr);
    ~MainWindow() override;

    /// A model or artifact given on the command line, dropped, or chosen.
    void openModel(const QString& path);
    void showPage(int index);
    [[nodiscard]] int currentPage() const { return stack_->currentIndex(); }
    [[nodiscard]] const QList<Page*>& pages() const { return pages_; }
    /// The page of class P; null if there is none.
    template<class P>
    [[nodiscard]] P* page() const {
        for (Page* candidate : pages_)
            if (auto* found = qobject_cast<P*>(candidate))
                return found;
        return nullptr;
    }

protected:
    void closeEvent(QCloseEvent* event) override;
    void resizeEvent(QResizeEvent* event) override;
    void dragEnterEvent(QDragEnterEvent* event) override;
    void dropEvent(QDropEvent* event) override;

private:
    void layOut();
    void addPages();
    void connectPages();
    void connectRequests(Page& from);
    void addKeys();
    void focusNextPane();
    void fitRail();
    void chooseAppearance();
    void setPointSize(int points);
    void remember(const std::string& key, const std::string& value);
    void tellFailure(const QString& sentence);
    void escape();
    void restoreAppearance();
    void restore();

    Services& services_;
    Rail* rail_;
    Header* header_;
    Banner* notice_; ///< failures that belong to no page
    QStackedWidget* stack_;
    StatusStrip* status_;
    QList<Page*> pages_;
    Page* jobPage_ = nullptr;
};

} // namespace bwla::ui
