// SPDX-License-Identifier: GPL-3.0-or-later
#pragma once

#include "ui/models/model_library.h"
#include "ui/studio/page.h"
#include "ui/studio/services.h"

class QComboBox;
class QLabel;
class QLineEdit;
class QPushButton;
class QSplitter;
class QStackedLayout;
class QTextBrowser;

namespace bwla::ui {

class Banner;
class FirstRun;
class ModelDetails;
class ModelTable;
class Segmented;

/// Page 1: choose a model and know what quantizing it will give.
class ModelsPage : public Page {
    Q_OBJECT

public:
    explicit ModelsPage(Services& services, QWidget* parent = nullptr);

    [[nodiscard]] QString title() const override { return tr("Models"); }
    [[nodiscard]] QString iconName() const override { return "models"; }
    QList<QWidget*> headerActions() override;
    void activated() override;
    bool escape() override;
    [[nodiscard]] QList<std::pair<QString, QString>> keys() const override;

    /// A model, or a folder that holds models.
    void open(const QString& path);
    void chooseModel(); ///< asks for a file
    void rescan() { library_.rescan(); }
    [[nodiscard]] const ModelLibrary& library() const { return library_; }

protected:
    void resizeEvent(QResizeEvent* event) override;

private:
    void fitWidth();
    QWidget* makeList();
    QLayout* makeTools();
    QLayout* makeFoot();
    void connectList();
    void addKeys();
    void chooseFolder();
    void select(const QString& path);
    [[nodiscard]] QString selected() const;
    void showSelected();
    void updateCounts();
    void updateFirstRun();
    void leaveFirstRun();
    void showScan();
    void showReasons(bool shown);
    void requestQuantize();
    void requestChat();
    void requestInspect();
    void removeSelected();

    Services& services_;
    ModelLibrary library_;
    ModelFilter filter_;
    QPushButton *addFolder_, *openModel_;
    QStackedLayout* stack_;
    FirstRun* firstRun_;
    QSplitter* splitter_;
    QLineEdit* search_;
    Segmented* kinds_;
    QComboBox* order_;
    ModelTable* table_;
    QLabel *drop_, *none_, *scan_;
    QPushButton* why_;
    QTextBrowser* reasons_;
    Banner* removed_;
    ModelDetails* details_;
    bool scanned_ = false;
    bool welcome_ = false;
};

} // namespace bwla::ui
